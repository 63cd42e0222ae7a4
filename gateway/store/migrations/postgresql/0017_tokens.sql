-- Assertions that were used to ask for a token, until they are good no longer: each is taken once, by whichever node.
create table assertion_used (
    client text collate "C" not null,
    jti text collate "C" not null,
    until bigint not null,
    primary key (client, jti)
);
create index assertion_used_until on assertion_used (until);
-- Tokens that were taken back before their time.
create table token_revoked (
    jti text collate "C" primary key,
    until bigint not null
);
