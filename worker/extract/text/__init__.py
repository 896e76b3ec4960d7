"""Plain text and markup: character sets, normalisation, scripts."""
