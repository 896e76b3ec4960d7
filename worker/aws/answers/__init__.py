"""What the answers of AWS mean, and what is done at each."""
