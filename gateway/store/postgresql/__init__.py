"""The engine for more than one node: PostgreSQL, one statement a transaction."""
