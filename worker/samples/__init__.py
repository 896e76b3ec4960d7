"""Generated business documents, each with its true text: for the demo, the tests and the bench."""
