"""Bytes of the formats providers send, read into source trees in which every node knows its place."""
