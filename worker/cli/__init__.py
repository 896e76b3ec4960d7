"""The commands, one file a group: parse and print, nothing else."""
