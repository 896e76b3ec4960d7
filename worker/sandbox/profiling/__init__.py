"""The fork server of a worker whose developers profile its readers; no other worker loads it."""
