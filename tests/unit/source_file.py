"""What the tests of the code's shape ask of a source file: its functions, calls, imports."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

Function = ast.FunctionDef | ast.AsyncFunctionDef


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> Iterator[Function]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, Function))


def lines_of(function: Function) -> int:
    """Lines from `def` to the end, without the docstring."""
    first, last = function.lineno, function.end_lineno or function.lineno
    docstring = function.body[0] if ast.get_docstring(function) is not None else None
    docstring_lines = (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1 if docstring else 0
    return last - first + 1 - docstring_lines


def parameters_of(function: Function) -> int:
    every = function.args
    names = [argument.arg for argument in (*every.posonlyargs, *every.args, *every.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


def has_assertion(function: Function) -> bool:
    """Whether a test asserts something, expects an error, or calls an `assert_...`."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call) and re.fullmatch(
            r"pytest\.(raises|fail|warns)|(\w+\.)*assert_\w+", ast.unparse(node.func)
        ):
            return True
    return False


def calls(path: Path, *names: str) -> list[str]:
    """Calls of these names as `line: name`, whether `name()` or `x.name()`."""
    found = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if name in names:
                found.append(f"{node.lineno}: {name}")
    return found


def uses(path: Path, module: str, *names: str) -> list[str]:
    """Uses of names of a module as `line: module.name`, by attribute or by import."""
    found = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names_used = [node.attr] if node.value.id == module else []
        elif isinstance(node, ast.ImportFrom):
            names_used = [alias.name for alias in node.names] if node.module == module else []
        else:
            continue
        found += [f"{node.lineno}: {module}.{name}" for name in names_used if name in names]
    return found


def imports(path: Path) -> set[str]:
    """Every module or name imported, in dotted form."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found
