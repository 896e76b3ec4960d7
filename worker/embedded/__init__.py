"""The embedded stack: stand-in servers on localhost for every service the worker uses."""
