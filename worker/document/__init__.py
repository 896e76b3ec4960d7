"""One document: its pages collected from the sandbox, its artifact stored, its vectors made."""
