"""What the pages have a reader follow or type is there: links, commands, options, make targets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer import main as typer_main

from worker.cli.main import app

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
DECISIONS = ROOT / "docs" / "decisions"
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "infra").rglob("*.md")]
BLOCK = re.compile(r"```.*?```", re.DOTALL)


def anchor_of(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors_in(page: Path) -> set[str]:
    return {
        anchor_of(found) for found in re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    }


def links_in(page: Path) -> Iterator[str]:
    """Links to files of the repository, and to headings."""
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    yield from re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", text)


def is_there(page: Path, link: str) -> bool:
    """Whether the file and the heading that a link names exist."""
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    return target.exists() and (not anchor or anchor in anchors_in(target))


def test_every_link_leads_to_a_file_and_a_heading_that_exist() -> None:
    broken = [f"{page.name}: {link}" for page in PAGES for link in links_in(page) if not is_there(page, link)]
    assert broken == []
    assert sum(len([*links_in(page)]) for page in PAGES) > 100


def command_lines(page: Path) -> Iterator[list[str]]:
    """The words behind each `cis-worker` in code, up to a comment, a pipe or another command."""
    text = page.read_text(encoding="utf-8")
    blocks = BLOCK.findall(text)
    spans = re.findall(r"`([^`\n]+)`", BLOCK.sub("", text))
    for code in [*blocks, *spans]:
        for line in re.findall(
            r"(?<!status )(?<![/\w.-])cis-worker ([a-z][^\n|#&>]*)", code.replace("\\|", " ")
        ):
            yield line.split()


def options_of(words: list[str]) -> set[str] | None:
    """All options of the command that a line calls; None where there is no such command."""
    group = typer_main.get_command(app)
    command = getattr(group, "commands", {}).get(words[0])
    children = getattr(command, "commands", {})
    if command is None or (children and len(words) > 1 and words[1] not in children):
        return None
    if len(words) > 1 and words[1] in children:
        command = children[words[1]]
    return {"--help", *(name for each in command.params for name in (*each.opts, *each.secondary_opts))}


def test_every_command_in_the_pages_exists_with_its_options() -> None:
    wrong, seen = [], set()
    for page in PAGES:
        for words in command_lines(page):
            known = options_of(words)
            used = {word.rstrip(",.") for word in words if word.startswith("--")}
            seen.add(words[0])
            if known is None or not used <= known:
                wrong.append(f"{page.name}: cis-worker {' '.join(words)}")
    assert wrong == []
    assert len(seen) > 15


def test_the_readme_lists_every_command() -> None:
    listed = re.findall(
        r"^\| `cis-worker (\w+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(listed) == sorted(getattr(typer_main.get_command(app), "commands", {}))


def test_every_make_target_in_the_pages_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    named = {
        target
        for page in PAGES
        for target in re.findall(
            r"(?:`|^\$ |^)make ([a-z][a-z-]*)", page.read_text(encoding="utf-8"), re.MULTILINE
        )
    }
    assert named - targets == set()
    assert len(named) > 10


def test_the_list_of_decisions_has_every_page_and_what_replaced_it() -> None:
    index = (DECISIONS / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(\d+)\]\(([\w.-]+)\) \| .{20,}? \| (.*?) ?\|$", index, re.MULTILINE)
    listed = {
        f"{int(number):04}": (name, set(re.findall(r"\((.+?)\)", later))) for number, name, later in rows
    }
    expected = {}
    for page in sorted(DECISIONS.glob("[0-9]*.md")):
        status = next(
            line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("Status: ")
        )
        expected[page.name[:4]] = (page.name, set(re.findall(r"\(([\w.-]+\.md)\)", status)))
    assert listed == expected
