"""The analysis of texts and queries that both indexes share: folding, words, entities, snippets."""
