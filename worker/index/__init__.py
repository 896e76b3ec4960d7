"""The search index: one Protocol, implemented on OpenSearch and on SQLite."""
