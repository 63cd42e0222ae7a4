-- Exports that were asked for: by whom, of what, as of when, and until when their files can be fetched. The files are made when they are fetched.
create table export (
    id text collate "C" primary key,
    organisation text not null,
    at bigint not null,
    until bigint not null,
    asked bytea not null
);
create index export_by_end on export (until);
