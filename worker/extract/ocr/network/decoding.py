"""What the network says of a line, step by step, made into characters with their places (CTC)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BLANK = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadChar:
    """A character, where it is in the line (shares of its width), and how sure the network is (0..100)."""

    char: str
    begin: float
    end: float
    confidence: float


def decode(logits: NDArray[np.float32], alphabet: Sequence[str], *, steps: int) -> tuple[ReadChar, ...]:
    """The characters of one line of so many `steps` from its logits (step, class)."""
    # Beyond the line is padding, where nothing is read but a last character that comes late.
    best = logits.argmax(axis=1)
    # A run of equal classes is one character; two equal characters have a blank between them.
    begins = np.flatnonzero(np.diff(best, prepend=-1))
    ends = np.append(begins[1:], len(best))
    chars: list[ReadChar] = []
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        kind = int(best[begin])
        if kind == BLANK:
            continue
        surest = begin + int(logits[begin:end, kind].argmax())
        step = logits[surest]
        share = 1.0 / float(np.exp(step - step[kind]).sum(dtype=np.float64))
        chars.append(
            ReadChar(
                char=alphabet[kind],
                begin=min(1.0, begin / steps),
                end=min(1.0, end / steps),
                confidence=100.0 * share,
            )
        )
    return tuple(chars)
