"""Re-index: all documents written anew from their artifacts, beside the index that is searched."""
