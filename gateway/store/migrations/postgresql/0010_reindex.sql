-- By which definitions the index rows of each resource were made, so that what is not indexed yet is never taken for absent.

-- The fingerprint of the definitions of its type. 0: nobody noted it.
alter table current add column indexed_as bigint not null default 0;
create index current_by_definition on current (type, indexed_as);

-- What a fingerprint stands for: a JSON object, the mark of its definition for each name that can be searched by.
create table index_definition (
    fingerprint bigint primary key,
    type text collate "C" not null,
    definitions text not null
);

-- Where a place is: a point on the unit sphere, and the cell of space it lies in (see gateway.store.index.cells).
create table index_position (
    type text collate "C" not null,
    param text collate "C" not null,
    cell bigint not null,
    x double precision not null,
    y double precision not null,
    z double precision not null,
    key bigint not null,
    primary key (type, param, cell, x, y, z, key)
);
create index index_position_by_key on index_position (key, param);
