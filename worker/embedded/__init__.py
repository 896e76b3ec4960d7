"""The embedded stack: everything the worker talks to, as servers on localhost."""
