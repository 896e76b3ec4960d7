"""What the demo watches, checks and shows."""
