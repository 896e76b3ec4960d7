"""The row of what a document costs: calls, tokens, CPU and bytes, by kind of document."""
