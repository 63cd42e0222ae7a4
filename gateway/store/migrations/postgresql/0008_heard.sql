-- When a provider was last heard, and its messages by time, without reading those of others.

create index inbox_by_provider on inbox (provider, received_at);
