"""The row `search`: whether the search finds what people mean, and how fast, on a generated office."""
