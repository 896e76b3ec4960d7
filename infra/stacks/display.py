"""Display: shows a deployment: tables on a terminal, plain lines in a log or a pipe."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from infra.stacks.stack_client import Change
from worker.aws.buckets.notifications import NotificationChange

_VERBS = {"Add": "make", "Modify": "change", "Remove": "delete", "Import": "adopt", "Dynamic": "decide later"}
# What LocalStack answers for a resource that it does not make.
_NOT_MADE = ("", "unknown")


@dataclass(frozen=True)
class Display:
    """Everything but the settings goes to standard error, so that the settings can be redirected."""

    console: Console = field(default_factory=lambda: Console(stderr=True, soft_wrap=True, highlight=False))

    def changes(self, stack: str, changes: Sequence[Change], *, is_new: bool) -> None:
        """What will be done to a stack."""
        title = f"{stack}: {'a new stack' if is_new else 'changes'}"
        rows = [[_action(each), each.logical_id, each.resource_type, each.physical_id] for each in changes]
        if not changes:
            self.line(f"{title}: its parameters or tags only")
            return
        self._table(title, ("", "resource", "type", "now"), rows)

    def unchanged(self, stack: str) -> None:
        """A stack that is as it should be."""
        self.line(f"{stack}: nothing to change")

    def made(self, stack: str, resources: Mapping[str, tuple[str, str]]) -> None:
        """What a stack consists of now."""
        rows = [
            [logical_id, kind, physical_id if physical_id not in _NOT_MADE else "not made here"]
            for logical_id, (kind, physical_id) in resources.items()
        ]
        self._table(f"{stack}: deployed", ("resource", "type", "name"), rows)

    def notification(self, change: NotificationChange) -> None:
        """What changes in the notifications of a bucket that exists, as a difference."""
        before, after = (
            json.dumps(value, indent=2, sort_keys=True).splitlines()
            for value in (change.before, change.after)
        )
        names = (f"notifications of {change.bucket}, now", "then")
        for line in difflib.unified_diff(before, after, *names, lineterm=""):
            self.line(line, {"+": "green", "-": "red"}.get(line[0], ""))

    def left(self, resources: Sequence[tuple[str, str]]) -> None:
        """What stays, as type and name."""
        self._table("What stays", ("type", "name"), [list(each) for each in resources])

    def line(self, text: str, style: str = "") -> None:
        """One line."""
        self.console.print(Text(text, style=style))

    def settings(self, lines: Sequence[str]) -> None:
        """The settings, to standard output."""
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        sys.stdout.flush()

    def _table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        if not self.console.is_terminal:
            for row in rows:
                self.line(f"{title}: {' '.join(cell for cell in row if cell)}")
            return
        table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
        for name in columns:
            table.add_column(name, overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        self.console.print(table, soft_wrap=False)


def _action(change: Change) -> str:
    verb = _VERBS.get(change.action, change.action)
    match change.replacement:
        case "True":
            return "REPLACE"
        case "Conditional":
            return f"{verb}, perhaps replace"
    return verb
