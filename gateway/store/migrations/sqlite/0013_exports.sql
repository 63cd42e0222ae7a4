-- Exports that were asked for: by whom, of what, as of when, and until when their files can be fetched. The files are made when they are fetched.
create table export (
    id text primary key,
    organisation text not null,
    at integer not null,
    until integer not null,
    asked blob not null
) strict, without rowid;
create index export_by_end on export (until);
