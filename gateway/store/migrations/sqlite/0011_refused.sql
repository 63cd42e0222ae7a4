-- Whether a message that is taken now was refused before, when it came or at an earlier replay.

alter table inbox add column was_refused integer not null default 0;
