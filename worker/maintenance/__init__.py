"""What an operator does to a whole deployment: dead letters, re-runs; paced, resumable, with progress."""
