"""What ends a document that hangs, and why a process ended."""
