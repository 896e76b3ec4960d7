"""Generated business documents with their ground truth, for the demo, the tests and the bench."""
