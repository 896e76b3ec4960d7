"""The documents that are being read, as the threads of the worker see them."""
