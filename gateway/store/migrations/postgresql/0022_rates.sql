-- How far a partner has used up its rate, over all nodes: until when, in microseconds, and how many requests were given
-- out last. A crash may forget it: then everybody begins anew.
create unlogged table rate_used (
    name text collate "C" primary key,
    until bigint not null,
    granted bigint not null
);
