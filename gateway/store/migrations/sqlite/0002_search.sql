-- What searching needs beside the rows themselves.

-- A search without a condition walks a type in key order.
create index current_by_key on current (type, key) where not deleted;

-- `ge` and `gt` on a period ask for its end.
create index index_date_by_end on index_date (type, param, high, key);

-- Slots of any status by time.
create index slot_by_time on slot (start, key, status);

-- Keys that all nodes on this store share: pages are sealed with one, so that a next link works at any node.
create table secret (
    name text primary key,
    value blob not null
) strict;
insert into secret values ('page', randomblob(32));
