"""One file of a home, as a fleet is to find it: its key in the source bucket, and what its content became."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from worker.home.file_walk import FoundFile, display, examine
from worker.home.folder import Home
from worker.home.made_with import has_limits
from worker.home.manifest import ManifestEntry
from worker.home.plan import object_key
from worker.models.ledger import State

# The longest key of S3, in bytes.
_KEY_BYTES = 1_024
# Not the vectors: those of a home are made by the stand-in for Bedrock, under the name of the real model.
_KINDS = ("artifacts", "thumbnails")


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredObject:
    """An object of the results bucket that the home has a copy of."""

    key: str
    path: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishedFile:
    """A file by its entry in the manifest; its key begins with `prefix`."""

    home: Home
    entry: ManifestEntry
    prefix: str

    @property
    def key(self) -> str:
        """The path below the prefix; a name made of its hash where S3, or text, cannot hold the path."""
        text = f"{self.prefix}{display(self.entry.path).lstrip('/')}"
        is_text = os.fsencode(self.entry.path) == display(self.entry.path).encode("utf-8", "replace")
        if is_text and len(text.encode()) <= _KEY_BYTES:
            return text
        return f"{self.prefix}{object_key(self.entry.path)}"

    @property
    def extraction_key(self) -> str:
        """What its text was made with, as artifacts are named after it."""
        return self.entry.made_with.partition(" ")[0]

    @property
    def has_limit(self) -> bool:
        """Whether a limit kept something from being read, so that no other worker takes its result over."""
        is_unread = self.entry.state is State.DEAD_LETTERED or not self.entry.sha256
        return is_unread or has_limits(self.entry.made_with)

    def fault(self) -> str | None:
        """Why it cannot be published: it is gone, or changed since it was read; None where it can."""
        found = examine(self.entry.path)
        if not isinstance(found, FoundFile):
            return found.message
        if (found.size_bytes, found.mtime_ns) != (self.entry.size_bytes, self.entry.mtime_ns):
            return "changed since it was read; run cis-worker ingest first"
        return None

    def objects(self) -> Iterator[StoredObject]:
        """The objects of its content, the thumbnail before the artifact that announces it."""
        for kind in reversed(_KINDS):
            for path in sorted((self.home.folder / kind / self.entry.sha256).glob("[!.]*")):
                if self.entry.sha256 and self.extraction_key in path.name:
                    yield StoredObject(key=f"{kind}/{self.entry.sha256}/{path.name}", path=path)
