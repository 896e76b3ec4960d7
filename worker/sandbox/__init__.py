"""Untrusted bytes are parsed in child processes: the parent side schedules, the confined side reads."""
