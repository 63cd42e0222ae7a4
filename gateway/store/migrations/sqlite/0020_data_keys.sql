-- The keys by which something here is sealed or found, by their names: a gateway without one of them does not start.
create table data_key (
    id text primary key,
    use text not null
) strict, without rowid;
