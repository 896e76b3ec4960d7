"""What several commands print alike: JSON lines, and text from files that may hold anything."""

from __future__ import annotations

import json
import re
import sys

from rich.text import Text

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_MATCH = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)


def print_json(value: object) -> None:
    """One JSON value on a line of its own, at once. Characters the terminal cannot show are escaped."""
    is_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    sys.stdout.write(json.dumps(value, ensure_ascii=not is_utf8) + "\n")
    sys.stdout.flush()


def plain(text: str) -> str:
    """Text that cannot steer the terminal: control and direction characters are replaced."""
    return _CONTROL.sub("\ufffd", text)


def highlighted(snippet: str, style: str = "bold yellow") -> Text:
    """A snippet with its matches (between [[ and ]]) in a style."""
    text = Text()
    shown_to = 0
    for match in _MATCH.finditer(snippet):
        text.append(plain(snippet[shown_to : match.start()]))
        text.append(plain(match[1]), style=style)
        shown_to = match.end()
    return text.append(plain(snippet[shown_to:]))
