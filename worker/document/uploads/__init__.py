"""The queue of uploads: files on disk that become objects of the results bucket in the background."""
