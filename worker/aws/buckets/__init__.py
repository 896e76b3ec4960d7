"""What is done to whole buckets, and to objects in several requests."""
