"""Reads facts from what the store kept: each indicator those that it needs, as they were known at a moment."""
