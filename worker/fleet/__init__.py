"""This instance as a member of its Auto Scaling group."""
