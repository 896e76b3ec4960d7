"""Home mode: the user's own files through the same worker, with a folder as the truth."""
