-- What keeps the picture right whatever the order in which messages come, and however often.

-- When what the newest version says was so, and its number where the source counts its own versions. Null: nobody said.
alter table current add column event_time bigint;
alter table current add column event_number bigint;

-- `once` is the same for a message that is sent again, so it can be taken only once; `digest` tells whether it is the same in content;
-- `answer` is what its sender was told.
alter table inbox add column once text collate "C";
alter table inbox add column digest bytea;
alter table inbox add column answer bytea;
create unique index inbox_once on inbox (once) where once is not null;

-- What was said of a resource too late: it is part of its history and never was its present. `version` was the newest then.
create table late (
    id bigint generated always as identity primary key,
    key bigint not null,
    version integer not null,
    event_time bigint not null,
    at bigint not null,
    body bytea not null
);
create index late_by_key on late (key, version, id);

-- The facts from which the state of a bed follows: those of one bed, the events of one visit, the beds of one patient.
-- Visits and patients are named by a keyed hash. A row is renewed by who saw its last revision, or not at all.
create table ledger (
    subject text collate "C" primary key,
    revision bigint not null,
    content bytea not null
);
insert into secret values ('stay', decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));
