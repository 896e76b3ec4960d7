"""The messages a worker holds: kept hidden, claimed, parked, dead-lettered."""
