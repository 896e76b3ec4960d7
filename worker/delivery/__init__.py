"""The messages a worker holds: leases, claims, parking, dead-lettering."""
