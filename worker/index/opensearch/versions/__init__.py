"""The versioned files indices behind their alias: made beside each other, compared, switched."""
