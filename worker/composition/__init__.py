"""The composition of one running worker: its components, and what it does beside its documents."""
