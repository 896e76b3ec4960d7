"""What the network says of a line, step by step, made into characters with their places (CTC)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BLANK = 0
_SPACE = " "


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadChar:
    """A character, where it is in the line (shares of its width), and how sure the network is (0..100).

    `space` is how near it came to a space before the character: the odds beside what it chose (0..1).
    """

    char: str
    begin: float
    end: float
    confidence: float
    space: float = 0.0


def decode(logits: NDArray[np.float32], alphabet: Sequence[str], *, steps: int) -> tuple[ReadChar, ...]:
    """The characters of one line of so many `steps` from its logits (step, class)."""
    # Beyond the line is padding, where nothing is read but a last character that comes late.
    best = logits.argmax(axis=1)
    # A run of equal classes is one character; two equal characters have a blank between them.
    begins = np.flatnonzero(np.diff(best, prepend=-1))
    ends = np.append(begins[1:], len(best))
    spaces = _odds_of_space(logits, best, alphabet)
    chars: list[ReadChar] = []
    last = 0
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
                space=float(spaces[last : begin + 1].max()) if chars else 0.0,
            )
        )
        last = end
    return tuple(chars)


def _odds_of_space(
    logits: NDArray[np.float32], best: NDArray[np.intp], alphabet: Sequence[str]
) -> NDArray[np.float32]:
    """Of each step, the odds of a space beside the class that was chosen."""
    if _SPACE not in alphabet:
        return np.zeros(len(best), dtype=np.float32)
    place = alphabet.index(_SPACE)
    chosen = np.take_along_axis(logits, best[:, np.newaxis], axis=1)[:, 0]
    return np.asarray(np.exp(logits[:, place] - chosen))
