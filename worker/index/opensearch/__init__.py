"""The search index in OpenSearch; the only importer of opensearchpy."""
