"""What every part of the process uses: shutdown, loops, logs, metrics, health, temporary folders."""
