"""The files within a document, as the worker hears of them."""
