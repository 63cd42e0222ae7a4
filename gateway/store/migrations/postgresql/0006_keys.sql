-- A connection takes a thousand keys at a time: a key is reserved by a look, and a look should not wait for the disk.
alter sequence resource_key cache 1000;
