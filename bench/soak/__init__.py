"""The soak: a mixed flow through one worker that is killed again and again, and what grows meanwhile."""
