"""Position: where a long command is, kept in the results bucket so that another machine can go on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from worker.aws.storage_handler import StorageHandler

PREFIX = "maintenance/"
_FORMAT = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class PositionStore:
    """The position of one command on one prefix of a bucket. Raises the errors of StorageHandler."""

    storage: StorageHandler
    command: str
    bucket: str
    prefix: str

    @property
    def key(self) -> str:
        """The key of the object in the results bucket."""
        digest = hashlib.sha256(f"{self.bucket}\0{self.prefix}".encode()).hexdigest()
        return f"{PREFIX}{self.command}/{digest}.json"

    def load(self) -> Mapping[str, Any] | None:
        """What was saved last; None where the command ended, never ran, or an older version wrote it."""
        data = self.storage.get(self.key)
        if data is None:
            return None
        try:
            values = json.loads(data)
        except ValueError:
            return None
        return values if isinstance(values, dict) and values.get("format") == _FORMAT else None

    def save(self, values: Mapping[str, Any]) -> None:
        """Replace what was saved."""
        data = json.dumps({"format": _FORMAT, **values}, ensure_ascii=False).encode("utf-8", "replace")
        self.storage.put(self.key, data, content_type="application/json")

    def remove(self) -> None:
        """Forget it: the command ended, or begins anew."""
        self.storage.delete(self.storage.results_bucket, self.key)
