"""What goes from a home into buckets and comes back, beside the results of finished files."""
