-- The `traceparent` of the request that had something told: what is sent because of it goes on in the same trace.

alter table outbox add column trace text;
alter table delivery add column trace text;
