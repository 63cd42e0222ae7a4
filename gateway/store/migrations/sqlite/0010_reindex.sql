-- By which definitions the index rows of each resource were made, so that what is not indexed yet is never taken for absent.

-- The fingerprint of the definitions of its type. 0: nobody noted it.
alter table current add column indexed_as integer not null default 0;
create index current_by_definition on current (type, indexed_as);

-- What a fingerprint stands for: a JSON object, the mark of its definition for each name that can be searched by.
create table index_definition (
    fingerprint integer primary key,
    type text not null,
    definitions text not null
) strict;

-- Where a place is: a point on the unit sphere, and the cell of space it lies in (see gateway.store.index.cells).
create table index_position (
    type text not null,
    param text not null,
    cell integer not null,
    x real not null,
    y real not null,
    z real not null,
    key integer not null,
    primary key (type, param, cell, x, y, z, key)
) strict, without rowid;
create index index_position_by_key on index_position (key, param);
