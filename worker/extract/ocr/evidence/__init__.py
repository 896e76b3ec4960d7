"""What speaks for a text that was read, besides the confidence of the model that read it."""
