"""The search index on OpenSearch; `client` is the only importer of opensearchpy."""
