"""How much of the index an answer of the cluster is from.

The cluster answers a search with what it has when its time is up or a part of the index (a shard) fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from worker.errors import UnavailableError

_Result = TypeVar("_Result")


def missing_of(answer: Mapping[str, Any]) -> str:
    """What a search's answer lacks, as a clause; empty where it is whole."""
    missing = []
    if answer.get("timed_out"):
        missing.append("the index did not look through everything in time")
    shards = answer.get("_shards", {})
    if failed := shards.get("failed", 0):
        missing.append(f"{failed} of {shards['total']} parts of the index did not answer")
    return ", and ".join(missing)


def of_whole(to_result: Callable[[Any], _Result]) -> Callable[[Any], _Result]:
    """`to_result` for an answer that must be whole: raises UnavailableError where it is not.

    What is missing in a part of the index would look as if it were in none.
    """

    def read(answer: Any) -> _Result:
        if missing := missing_of(answer):
            raise UnavailableError(f"Could not read the index: {missing}.")
        return to_result(answer)

    return read
