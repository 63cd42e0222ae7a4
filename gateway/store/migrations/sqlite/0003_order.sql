-- What keeps the picture right whatever the order in which messages come, and however often.

-- When what the newest version says was so, and its number where the source counts its own versions. Null: nobody said.
alter table current add column event_time integer;
alter table current add column event_number integer;

-- `once` is the same for a message that is sent again, so it can be taken only once; `digest` tells whether it is the same in content;
-- `answer` is what its sender was told.
alter table inbox add column once text;
alter table inbox add column digest blob;
alter table inbox add column answer blob;
create unique index inbox_once on inbox (once) where once is not null;

-- What was said of a resource too late: it is part of its history and never was its present. `version` was the newest then.
create table late (
    id integer primary key,
    key integer not null,
    version integer not null,
    event_time integer not null,
    at integer not null,
    body blob not null
) strict;
create index late_by_key on late (key, version, id);

-- The facts from which the state of a bed follows: those of one bed, the events of one visit, the beds of one patient.
-- Visits and patients are named by a keyed hash.
create table ledger (
    subject text primary key,
    revision integer not null,
    content blob not null
) strict, without rowid;
insert into secret values ('stay', randomblob(32));
