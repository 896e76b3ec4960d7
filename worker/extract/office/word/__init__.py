"""What Word documents have in common, be they an archive or one XML file."""
