"""What was stored is told outward: at least once, in order for each receiver, for days if it must be.

`announce` gives the events of the store to the queues of who asked for them; `worker` empties the queues.
"""
