"""What operators run against a deployment: create it, check it, read its status and its settings."""
