-- What is told outward, each receiver's in its own order. `last` is the number of the newest that is to be told, `told` of the newest that
-- was: numbers have no gaps. `due` is when there is something to do next, null when there is nothing; who does it has a lease.
create table queue (
    name text collate "C" primary key,
    kind text not null,
    origin text not null,
    status text not null check (status in ('requested', 'active', 'error', 'off')),
    about text not null default '',
    last bigint not null default 0,
    told bigint not null default 0,
    due bigint,
    attempts integer not null default 0,
    failing_since bigint,
    reason text,
    leased_until bigint not null default 0,
    holder text
);
create index queue_due on queue (due) where due is not null;

-- Either a version of a resource, whose content is looked up when it is told, or bytes that are sent as they are. What was told stays a
-- while; `dead_at`: it was given up.
create table delivery (
    queue text collate "C" not null,
    number bigint not null,
    at bigint not null,
    about text not null default '',
    key bigint,
    version integer,
    event text,
    endpoint text,
    content_type text,
    body bytea,
    once text collate "C",
    dead_at bigint,
    reason text,
    primary key (queue, number)
);
create unique index delivery_once on delivery (queue, once) where once is not null;
create index delivery_dead on delivery (dead_at) where dead_at is not null;
create index delivery_by_time on delivery (at);
create index delivery_by_key on delivery (key) where key is not null;
