"""A fleet on a virtual clock: what a scaling policy makes of a load, how long it takes and what it costs.

Only the command `simulate` imports this package; a worker never does.
"""
