-- What the audit is searched by; `kind` is what `value` is: '' (every row), patient, entity, agent, seen-by … It follows
-- from `audit` and is made behind it, so that nobody who reads or writes waits for it.
create table audit_event (
    kind text collate "C" not null,
    value text collate "C" not null,
    at bigint not null,
    lane integer not null,
    seq bigint not null,
    primary key (kind, value, at, lane, seq)
);

-- Up to which row of a lane that was done.
create table audit_indexed (
    lane integer primary key,
    seq bigint not null
);

-- The heads of all chains at a moment, signed (JWS): who can write to the database cannot write a chain anew unseen.
create table audit_signed (
    number bigint primary key,
    at bigint not null,
    signed text not null
);
create trigger audit_signed_keeps_rows before update or delete on audit_signed
    for each row execute function audit_is_append_only();

-- Where a chain begins once its oldest rows were kept for long enough: the last one that went. A signed head follows it.
create table audit_anchor (
    lane integer primary key,
    seq bigint not null,
    hash bytea not null
);

create or replace function audit_is_append_only() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and tg_table_name = 'audit' then
        if exists (select from audit_anchor a where a.lane = old.lane and a.seq >= old.seq) then
            return old;
        end if;
    end if;
    raise exception 'audit is append-only';
end $$;
