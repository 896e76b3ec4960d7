"""Plain text and markup: encodings, normalisation, scripts."""
