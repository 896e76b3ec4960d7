"""OpenDocuments: what this process reads now, so that a stop can save the pages from outside."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from worker.document.page_collector import PageCollector
from worker.errors import LeaseLostError, WorkerError
from worker.models.ledger import Claim
from worker.models.page import Page


class OpenDocument:
    """The pages of one document that is being read; `save` may be called by any thread."""

    def __init__(self, claim: Claim, collector: PageCollector) -> None:
        self.claim = claim
        self._collector = collector
        self._lock = threading.Lock()
        self._is_closed = False

    @property
    def mean_ocr_s(self) -> float:
        """Mean wall time of the pages OCRed so far, 0 without any."""
        return self._collector.mean_ocr_s

    def add(self, page: Page, *, is_complete: bool = False) -> None:
        """Add a finished page. Raises LeaseLostError when another attempt owns the file."""
        with self._lock:
            self._collector.add(page, is_complete=is_complete)

    def save(self) -> None:
        """Checkpoint the pages that are not saved yet. Raises TransientError, LeaseLostError."""
        with self._lock:
            if not self._is_closed:
                self._collector.save()

    def close(self) -> None:
        """End the checkpoint under way: nothing may be written after the commit, or after a requeue."""
        with self._lock:
            self._is_closed = True
            self._collector.close()


class OpenDocuments:
    """The open documents of all document threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: list[OpenDocument] = []

    @contextmanager
    def hold(self, claim: Claim, collector: PageCollector) -> Iterator[OpenDocument]:
        """A document that is open inside the block."""
        document = OpenDocument(claim, collector)
        with self._lock:
            self._open.append(document)
        try:
            yield document
        finally:
            document.close()
            with self._lock:
                self._open.remove(document)

    def save(self) -> list[Claim]:
        """Checkpoint all open documents; the claims of those that are still held by this process.

        Raises the first WorkerError after all were tried.
        """
        saved: list[Claim] = []
        failed: WorkerError | None = None
        with self._lock:
            documents = list(self._open)
        for document in documents:
            try:
                document.save()
            except LeaseLostError:
                # The file is another attempt's, and so are its pages.
                continue
            except WorkerError as error:
                failed = failed or error
            else:
                saved.append(document.claim)
        if failed is not None:
            raise failed
        return saved
