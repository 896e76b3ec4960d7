"""What the fork server does before its first child, and with the processes of a child that ended."""
