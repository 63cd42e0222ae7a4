"""The embedded engine: one SQLite file in WAL mode, any number of readers, one fair writer."""
