"""Process-wide services: shutdown, loops, logs, metrics, health server, temporary folders."""
