-- The headers that a subscriber asks to be sent, sealed; they are in no resource.
alter table queue add column secret blob;
alter table queue add column sealed_with text;
