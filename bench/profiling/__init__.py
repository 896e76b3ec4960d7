"""`make profile`: where the CPU and the memory of a worker and its readers go."""
