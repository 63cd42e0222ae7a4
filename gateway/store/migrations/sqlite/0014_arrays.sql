-- Whether a message was an item of a JSON array: taken again, it goes only to a mapping that takes arrays.

alter table inbox add column of_array integer not null default 0;
