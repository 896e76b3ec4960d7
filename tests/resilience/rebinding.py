"""Puts simulated primitives in the place of real ones in every module of the worker, and restores them.

Names of modules are not enough: defaults of parameters and the factories of dataclass fields keep the object
they were defined with. These are replaced too, wherever they are.
"""

from __future__ import annotations

import queue
import selectors
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any

from tests.resilience import simulated_threads as simulated

_LEFT_ALONE = (
    "worker.embedded",
    "worker.home",
    "worker.demo",
    "worker.cli",
    "worker.samples",
    "worker.extract",
)


def replacements() -> dict[int, object]:
    """What stands in for which object, by its identity."""
    pairs: list[tuple[object, object]] = [
        (threading, simulated.THREADING),
        (queue, simulated.QUEUE),
        (selectors, simulated.Namespace(selectors, DefaultSelector=simulated.Selector)),
        (time, simulated.Namespace(time, monotonic=simulated.monotonic)),
        (time.monotonic, simulated.monotonic),
        (threading.Lock, simulated.Lock),
        (threading.RLock, simulated.RLock),
        (threading.Event, simulated.Event),
        (threading.Condition, simulated.Condition),
        (queue.SimpleQueue, simulated.SimpleQueue),
        (queue.Queue, simulated.SimpleQueue),
    ]
    return {id(real): stand_in for real, stand_in in pairs}


class Rebinding:
    """All replacements that were made."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def install(self) -> None:
        """Replace in every module of the worker that is loaded."""
        table = replacements()
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] == "worker" and not name.startswith(_LEFT_ALONE):
                self._in_module(module, table)

    def set(self, module: ModuleType, name: str, value: object) -> None:
        """Replace one name of one module."""
        before = getattr(module, name)
        setattr(module, name, value)
        self._undo.append(lambda: setattr(module, name, before))

    def undo(self) -> None:
        """Restore everything, the last first."""
        while self._undo:
            self._undo.pop()()

    def _in_module(self, module: ModuleType, table: Mapping[int, object]) -> None:
        for name, value in list(vars(module).items()):
            if id(value) in table:
                self.set(module, name, table[id(value)])
        for function in _functions(module):
            self._in_function(function, table)

    def _in_function(self, function: FunctionType, table: Mapping[int, object]) -> None:
        keyword = function.__kwdefaults__ or {}
        for name, value in list(keyword.items()):
            if id(value) in table:
                keyword[name] = table[id(value)]
                self._undo.append(lambda name=name, value=value: keyword.update({name: value}))  # type: ignore[misc]
        plain = function.__defaults__ or ()
        if any(id(value) in table for value in plain):
            function.__defaults__ = tuple(table.get(id(value), value) for value in plain)
            self._undo.append(lambda: setattr(function, "__defaults__", plain))
        for cell in function.__closure__ or ():
            self._in_cell(cell, table)

    def _in_cell(self, cell: Any, table: Mapping[int, object]) -> None:
        try:
            value = cell.cell_contents
        except ValueError:
            return
        if id(value) in table:
            cell.cell_contents = table[id(value)]
            self._undo.append(lambda: setattr(cell, "cell_contents", value))


def _functions(module: ModuleType) -> Iterator[FunctionType]:
    for value in list(vars(module).values()):
        if getattr(value, "__module__", None) != module.__name__:
            continue
        if isinstance(value, FunctionType):
            yield value
        elif isinstance(value, type):
            for member in vars(value).values():
                function = getattr(member, "__func__", None) or getattr(member, "fget", None) or member
                if isinstance(function, FunctionType):
                    yield function
