"""Print each place that uses a private word where the field has a term of its own; exit 1 when there is one.

    scripts/words [PATH...]

Identifiers and file names are split into their words first: `_is_told`, `ToldBy` and "told" are one case.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Term:
    """A pattern over words in lower case, what to write instead, and where it is right after all.

    `unless` is searched in the same line, `where` in the file's path.
    """

    pattern: str
    instead: str
    unless: str = ""
    where: str = ""


SERVICE = r"(index|cluster|bedrock|opensearch|s3|sqs|dynamodb|services?|network|it|they|is|are|was|were|be)"
PICTURES = r"extract/(image|ocr|pdf)/|bench/|fuzz/|docs/"

TERMS = (
    Term(r"(un)?told\b", "reported, extracted, documented, logged"),
    Term(r"(?<!\.)\btell(s|ing)?\b", "report, extract, distinguish, log", unless=r"def tell\(self\)"),
    Term(r"mend(s|ed|ing)?\b", "fix, clean up, preprocess; fatal_error"),
    Term(r"second look|look(s|ed|ing)? (again|twice)", "second pass, line re-recognition"),
    Term(r"look(s|ed)? (whether|if)\b|looked at\b", "check, inspect, poll, probe"),
    Term(
        r"(an?|the|each|every|one|first|next|last|other|another|same) look\b|(two|more|further) looks\b",
        "head, check, poll, probe, pass",
    ),
    Term(r"look every\b|look\(", "head, check, poll, probe"),
    Term(r"bur(y|ies|ied|ying|ials?)\b", "dead-letter, tombstone, reap"),
    Term(
        r"(the|a|its|this|whose|one|each) letters?\b|letter (px|body|is|was|has|says)\b",
        "message (of the queue), character (of a text)",
        unless=r"dead.letters?|letter case|upper.?case|lower.?case|capital|latin|ascii|isalpha|drive letter",
    ),
    Term(
        r"(white|light|dark|large|small|bright|drawn|faint|of|under \d+) letters?\b",
        "character, glyph",
        unless=r"dead.letters?|small letters|letters and digits",
    ),
    Term(r"signs\b(?! (requests?|in|the|a|with|for)\b)", "symbols, punctuation"),
    Term(r"g(ive|ives|iven|iving|ave)( \w+){0,2} back\b", "requeue, return, restore"),
    Term(r"hand(s|ed|ing)?( it| them| itself| this| that)? on\b", "requeue, pass"),
    Term(r"stop budget\b", "shutdown timeout", unless=r"stop_budget_s"),
    Term(r"(deadline|budget|the|these|later|stop) marks\b", "deadlines", unless=r"pytest|order marks"),
    Term(r"cautious(ly)?\b", "interruption expected"),
    Term(r"suspects\b|guilty\b", "suspect pages, crashing page"),
    Term(r"tickets?\b", "page permits"),
    Term(r"zygotes?\b", "fork server"),
    Term(r"rubbish\b", "invalid data"),
    Term(r"deaf\b", "ignored"),
    Term(r"strangers?\b", "untrusted, unknown, other"),
    Term(r"recognis(ers?|ed)\b|recognizers?\b", "OCR engine, OCRed, detected"),
    Term(r"doubt(s|ed|ful|ing)?\b", "low quality, quality check"),
    Term(
        r"(layer trust|trust(s|ed)? (a|the|this|its|of a)? ?(text )?layer|layer\b.{0,30}\btrust(s|ed)?)\b",
        "quality check, accept",
    ),
    Term(r"judg(e|es|ed|ing|ements?|ments?)\b", "classify, check"),
    Term(r"believ(e|es|ed|able|ing)\b|unbelievable\b", "accept"),
    Term(r"press(es|ed|ing)? onto\b", "flatten"),
    Term(r"leaves? regions?\b", "mask outside"),
    Term(r"invent(s|ed|ing|ions?)?\b", "noise; placeholder text"),
    Term(r"set solid\b", "unspaced script"),
    Term(r"on end\b|cut across\b", "rotated, split into columns"),
    Term(
        r"level (again|lines?|writing|text|pages?|models?|layout)\b|(not|is|are|upright,|made) level\b",
        "horizontal, deskewed",
        unless=r"\blevel is|\bLevel\.",
    ),
    Term(r"(?<!fine.)(?<!coarse.)grain(y|s)?\b", "noise"),
    Term(r"specks?\b", "speckle"),
    Term(r"coarse(r|ly|ness)?\b(?!.grained)", "low resolution"),
    Term(r"doubl(ed|ing)\b", "upscaled", where=PICTURES),
    Term(r"even light\b|light even\b|soften(s|ed|ing)?\b", "flatten illumination, blur"),
    Term(r"grounds?\b(?! truth)", "background", unless=r"on the grounds? (of|that)"),
    Term(r"dark bands?\b", "inverted regions"),
    Term(r"nobody (reads|here)\b", "unsupported, untrusted"),
    Term(r"of (a|the) user.?s own\b|of (his|her|their) own files\b", "user files"),
    Term(rf"{SERVICE} away\b|def away\b|away\(", "unavailable"),
    Term(r"blind(ly|ness|ed)?\b", "unreachable"),
    Term(r"dear(er|est)?\b", "expensive"),
    Term(
        r"house\b|rooms\b|(the|a|its|this|every|each) rooms?\b",
        "project, architecture, packages",
        unless=r"room (for|left|there|on|in|to)\b",
    ),
    Term(r"happenings?\b|moods?\b|spectators?\b|class facts\b", "Event, Severity, LogObserver, RunRecord"),
    Term(r"remotes\b", "services"),
    Term(r"beaten\b", "renewed"),
    Term(r"12[- ]hours?.{0,3} wall\b", "limit"),
    Term(
        r"what (came|comes|came out|becomes?|became) of\b|who(ever)? wants\b|whoever\b",
        "result; plain words",
    ),
)
# Where a term is right: the files, the words in the line, and why.
ALLOWED = (
    ("tests/unit/test_words.py$", "", "the test of the list"),
    ("CHANGELOG.md$", r"^\| `", "the table of renamed names"),
    ("worker/samples/(texts|scan_texts).py$", "", "words of invented letters and reports"),
)

SEARCHED = (
    *("worker", "tests", "bench", "fuzz", "scripts", "docs", "docker", ".github", ".ci", "requirements"),
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile", "Dockerfile", "pyproject.toml"),
    *("docker-compose.test.yml", ".pre-commit-config.yaml", ".dockerignore", ".gitignore", ".yamllint.yml"),
)
UNREAD = re.compile(r"\.(lock|json|png|pdf|jpg|xz)$|^scripts/words.py$")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
ANY = re.compile(rf"\b(?:{'|'.join(f'(?P<t{index}>{term.pattern})' for index, term in enumerate(TERMS))})")


def plain(text: str) -> str:
    """Lower-case words: `_is_told` and `IsTold` become "is told"."""
    return CAMEL.sub(" ", text).replace("_", " ").lower()


def is_allowed(path: str, line: str, term: Term) -> bool:
    """Whether a word found in this line is right there."""
    if term.where and not re.search(term.where, path):
        return True
    if term.unless and re.search(term.unless, line, re.IGNORECASE):
        return True
    return any(re.search(file, path) and re.search(words, line) for file, words, _ in ALLOWED)


def offences(path: str, text: str) -> Iterator[tuple[int, str, Term]]:
    """The words found in a file's path (line 0) and text, with their lines and terms."""
    lines = [path, *text.splitlines()]
    words = plain("\n".join(lines))
    for found in ANY.finditer(words):
        number = words.count("\n", 0, found.start())
        (term,) = [TERMS[index] for index in range(len(TERMS)) if found[f"t{index}"] is not None]
        if not is_allowed(path, lines[number], term):
            yield number, found[0].strip(), term


def files(wanted: Sequence[str]) -> list[str]:
    """Files that git knows or would add, below the wanted paths."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *(wanted or SEARCHED)]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return sorted({p for p in listed.splitlines() if not UNREAD.search(p) and (ROOT / p).is_file()})


def main(wanted: Sequence[str]) -> int:
    """Search the wanted paths, or all."""
    found: Counter[str] = Counter()
    for path in files(wanted):
        for number, word, term in offences(path, (ROOT / path).read_text(encoding="utf-8")):
            found[path.split("/")[0]] += 1
            sys.stdout.write(f'{path}:{number}: "{word}": {term.instead}\n')
    by_folder = ", ".join(f"{folder} {count}" for folder, count in found.most_common())
    sys.stdout.write(f"words: {found.total()} offences{f' ({by_folder})' if found else ''}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
