-- As on PostgreSQL, for a backup to fit either. Nothing stands in it: the processes of one machine count in a file.
create table rate_used (
    name text primary key,
    until integer not null,
    granted integer not null
) strict, without rowid;
