"""ErrorHandler: answers whether a service throttles. Bound by the specification; no product code calls it.

The table of all errors is `error_classification`; how an error ends an attempt is in `worker/outcome.py`.
"""

from __future__ import annotations

from worker.resilience.error_classification import ErrorClass, causes, classify


class ErrorHandler:
    """Detects throttling; has no state, so the class and an instance can be used alike."""

    # Bound by the specification; no product code calls it.
    @staticmethod
    def is_throttling_error(error: BaseException) -> bool:
        """Whether a service asked for fewer calls, in the error itself or in any of its causes."""
        return any(classify(link) is ErrorClass.THROTTLING for link in causes(error))
