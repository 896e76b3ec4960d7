"""VersionWriter: writes documents to one files index alone, each under the version it has.

The images index stays as it is: its entries have nothing that an analysis makes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from worker.errors import Code, LeaseLostError, RejectedError, WorkerError
from worker.index.opensearch.bulk.bulk_sender import BulkSender
from worker.index.opensearch.bulk.bulk_writer import BulkAction, groups, make_action
from worker.index.opensearch.documents import file_source
from worker.models.document import Document
from worker.models.ledger import State


class VersionWriter:
    """Writes to the index behind `alias`; `has_words` says whether that one knows Japanese words.

    Raises UnavailableError or ThrottledError when the cluster is unavailable.
    """

    def __init__(self, sender: BulkSender, *, alias: str, has_words: bool, text_vectors: bool) -> None:
        self._sender, self._alias = sender, alias
        self._has_words, self._text_vectors = has_words, text_vectors

    def write(self, documents: Sequence[tuple[Document, int]]) -> list[str]:
        """Write documents, each with its version; the ids of those that are there by their name only.

        A document that the cluster refuses is found by its name, with the reason. Where the index has a
        higher version, that one stays.
        """
        refused = []
        errors = self._send([self._action(*each) for each in documents])
        for (document, version), error in zip(documents, errors, strict=True):
            if isinstance(error, RejectedError):
                refused.append(document.file_id)
                _raise_others(*self._send([self._action(_by_name(document, error), version)]))
            else:
                _raise_others(error)
        return refused

    def _action(self, document: Document, version: int) -> BulkAction:
        source = file_source(document, text_vectors=self._text_vectors, has_words=self._has_words)
        return make_action(self._alias, document.file_id, version, source)

    def _send(self, actions: Sequence[BulkAction]) -> list[WorkerError | None]:
        errors: list[WorkerError | None] = []
        for group in groups([action] for action in actions):
            errors += self._sender.send([each for (each,) in group], refresh=False)
        return errors


def _raise_others(error: WorkerError | None) -> None:
    if error is not None and not isinstance(error, LeaseLostError):
        raise error


def _by_name(document: Document, why: WorkerError) -> Document:
    return replace(
        document,
        pages=(),
        state=State.PARTIAL,
        reason=Code.INDEX_REJECTED.value,
        reason_message=str(why),
        vectors=replace(document.vectors, text=()),
    )
