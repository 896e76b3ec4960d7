"""The commands about the fleet as a whole."""
