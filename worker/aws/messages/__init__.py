"""Messages on their way in and out: what is received, and how a message of any size is sent."""
