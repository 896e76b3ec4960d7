"""Office files: Open XML, OpenDocument and legacy formats."""
