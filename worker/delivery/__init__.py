"""The messages that SQS delivered to this worker: leases, claims, parking, dead-lettering."""
