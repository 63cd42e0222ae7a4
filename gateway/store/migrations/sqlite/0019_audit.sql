-- What the audit is searched by; `kind` is what `value` is: '' (every row), patient, entity, agent, seen-by … It follows
-- from `audit` and is made behind it, so that nobody who reads or writes waits for it.
create table audit_event (
    kind text not null,
    value text not null,
    at integer not null,
    lane integer not null,
    seq integer not null,
    primary key (kind, value, at, lane, seq)
) strict, without rowid;

-- Up to which row of a lane that was done.
create table audit_indexed (
    lane integer primary key,
    seq integer not null
) strict;

-- The heads of all chains at a moment, signed (JWS): who can write to the database cannot write a chain anew unseen.
create table audit_signed (
    number integer primary key,
    at integer not null,
    signed text not null
) strict;
create trigger audit_signed_keeps_rows before delete on audit_signed
    begin select raise(abort, 'audit is append-only'); end;
create trigger audit_signed_keeps_content before update on audit_signed
    begin select raise(abort, 'audit is append-only'); end;

-- Where a chain begins once its oldest rows were kept for long enough: the last one that went. A signed head follows it.
create table audit_anchor (
    lane integer primary key,
    seq integer not null,
    hash blob not null
) strict;

drop trigger audit_keeps_rows;
create trigger audit_keeps_rows before delete on audit
    when not exists (select 1 from audit_anchor a where a.lane = old.lane and a.seq >= old.seq)
    begin select raise(abort, 'audit is append-only'); end;
