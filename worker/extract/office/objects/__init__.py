"""Objects in legacy Office files: what other programs have put there."""
