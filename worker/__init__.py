"""Document-ingestion worker: queue events in, searchable text, thumbnails and vectors out."""

__version__ = "0.1.0"
