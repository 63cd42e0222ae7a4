-- How many fields of a message its mapping wanted, and how many came as they should; null: nothing was counted.

alter table inbox add column fields_wanted integer;
alter table inbox add column fields_right integer;
