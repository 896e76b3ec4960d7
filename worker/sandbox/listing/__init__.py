"""The pages of a document and of the files in it, as messages to the worker."""
