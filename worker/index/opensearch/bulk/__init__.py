"""Writes to OpenSearch, gathered into bulk requests; a document too large for one goes in parts."""
