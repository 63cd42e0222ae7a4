-- What the histories of a type and of everything walk along, newest first, and how each version was made.
alter table resource add column type text;
alter table resource add column method text;
update resource set type = (select c.type from current c where c.key = resource.key);
create index resource_by_time on resource (type, last_updated, key, version);
