-- Partners: every version of each, the newest of which holds. What one is known by belongs to one of them.
create table partner (
    id text collate "C" not null,
    version integer not null,
    changed_at bigint not null,
    changed_by text not null,
    change text not null,
    content bytea not null,
    primary key (id, version)
);
create table partner_name (
    kind text collate "C" not null,
    name text collate "C" not null,
    partner text collate "C" not null,
    primary key (kind, name)
);
create index partner_name_by_partner on partner_name (partner);
-- One row, which each change makes the next: by it a process learns that it must look again.
create table partner_set (
    number integer primary key check (number = 1),
    version bigint not null
);
