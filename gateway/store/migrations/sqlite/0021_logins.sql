-- Attempts to log in that failed, by the digest of the name: how many in a row, and until when no other is looked at.
create table login_failed (
    name text primary key,
    failures integer not null,
    until integer not null
) strict, without rowid;
