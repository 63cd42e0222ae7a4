-- What becomes of a message after it came in: taken again, sealed, and forgotten but for its row.

alter table inbox add column attempts integer not null default 0;
alter table inbox add column tried_at integer;
-- Set when the next replay of what failed takes it along.
alter table inbox add column requeued integer not null default 0;
-- The row that tells what became of this one, when that is not itself: the same message, sent again and taken.
alter table inbox add column replaced_by integer;
-- The name of the key that the content is sealed with; null: it is as it came.
alter table inbox add column sealed_with text;
-- When the content was deleted; the row stays.
alter table inbox add column purged_at integer;

create index inbox_failed on inbox (id) where state = 'refused' and replaced_by is null;
create index inbox_requeued on inbox (id) where requeued = 1;
create index inbox_purged on inbox (id) where purged_at is not null;
