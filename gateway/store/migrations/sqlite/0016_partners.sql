-- Partners: every version of each, the newest of which holds. What one is known by belongs to one of them.
create table partner (
    id text not null,
    version integer not null,
    changed_at integer not null,
    changed_by text not null,
    change text not null,
    content blob not null,
    primary key (id, version)
) strict, without rowid;
create table partner_name (
    kind text not null,
    name text not null,
    partner text not null,
    primary key (kind, name)
) strict, without rowid;
create index partner_name_by_partner on partner_name (partner);
-- One row, which each change makes the next: by it a process learns that it must look again.
create table partner_set (
    number integer primary key check (number = 1),
    version integer not null
) strict;
