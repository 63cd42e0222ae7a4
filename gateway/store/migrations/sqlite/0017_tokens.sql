-- Assertions that were used to ask for a token, until they are good no longer: each is taken once, by whichever node.
create table assertion_used (
    client text not null,
    jti text not null,
    until integer not null,
    primary key (client, jti)
) strict, without rowid;
create index assertion_used_until on assertion_used (until);
-- Tokens that were taken back before their time.
create table token_revoked (
    jti text primary key,
    until integer not null
) strict, without rowid;
