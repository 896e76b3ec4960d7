"""Archives: the files in them, one after the other."""
