"""What the sweeps of operators cost on a bucket of many objects."""
