"""The adapters to AWS: the only importers of boto3; no ClientError leaves this package."""
