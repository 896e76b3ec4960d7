"""What the tests of the code's shape ask of a source file: its functions, calls, imports."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

_ASSERTION = re.compile(r"pytest\.(raises|fail|warns)|(\w+\.)*assert_\w+")

Definition = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, kw_only=True, slots=True)
class Function:
    """A function; `lines` is from `def` to the end, without the docstring."""

    name: str
    lines: int
    parameters: int
    has_assertion: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """A name in a line of a file; `module` is what stands before its dot, or what it is imported from."""

    line: int
    module: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceFile:
    """What is kept of a file. Its tree is not: together, those of all files make Python's collector slow."""

    has_docstring: bool
    marks: str
    functions: Sequence[Function]
    calls: Sequence[Use]
    uses: Sequence[Use]
    imports: frozenset[str]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def source_file(path: Path) -> SourceFile:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    assertions = [node.lineno for node in nodes if isinstance(node, ast.Assert | ast.Call) and _asserts(node)]
    return SourceFile(
        has_docstring=bool(ast.get_docstring(tree)),
        marks=_marks_of(tree),
        functions=[_function(node, assertions) for node in nodes if isinstance(node, Definition)],
        calls=[use for node in nodes if isinstance(node, ast.Call) and (use := _use(node.func))],
        uses=[*_attributes(nodes), *_from_imports(nodes)],
        imports=frozenset(_imports(nodes)),
    )


def functions(path: Path) -> Sequence[Function]:
    return source_file(path).functions


def calls(path: Path, *names: str) -> list[str]:
    """Calls of these names as `line: name`, whether `name()` or `x.name()`."""
    return [f"{use.line}: {use.name}" for use in source_file(path).calls if use.name in names]


def uses(path: Path, module: str, *names: str) -> list[str]:
    """Uses of names of a module as `line: module.name`, by attribute or by import."""
    found = [use for use in source_file(path).uses if use.module == module and use.name in names]
    return [f"{use.line}: {use.module}.{use.name}" for use in found]


def imports(path: Path) -> frozenset[str]:
    """Every module or name imported, in dotted form."""
    return source_file(path).imports


def _marks_of(tree: ast.Module) -> str:
    """What `pytestmark` is set to."""
    assignments = [node for node in tree.body if isinstance(node, ast.Assign)]
    marks = [node for node in assignments if ast.unparse(node.targets[0]) == "pytestmark"]
    return " ".join(ast.unparse(node.value) for node in marks)


def _function(node: Definition, assertions: Sequence[int]) -> Function:
    last = node.end_lineno or node.lineno
    docstring = node.body[0] if ast.get_docstring(node) is not None else None
    docstring_lines = (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1 if docstring else 0
    every = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    return Function(
        name=node.name,
        lines=last - node.lineno + 1 - docstring_lines,
        parameters=len([name for name in every if name not in ("self", "cls")]),
        has_assertion=any(node.lineno <= line <= last for line in assertions),
    )


def _asserts(node: ast.Assert | ast.Call) -> bool:
    """Whether it asserts something, expects an error, or calls an `assert_...`."""
    return isinstance(node, ast.Assert) or _ASSERTION.fullmatch(_dotted(node.func)) is not None


def _dotted(node: ast.AST) -> str:
    """`a.b.c`; nothing for what is no chain of names."""
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return node.id if isinstance(node, ast.Name) else ""


def _use(node: ast.AST) -> Use | None:
    if isinstance(node, ast.Attribute):
        module = node.value.id if isinstance(node.value, ast.Name) else ""
        return Use(line=node.lineno, module=module, name=node.attr)
    return Use(line=node.lineno, module="", name=node.id) if isinstance(node, ast.Name) else None


def _attributes(nodes: Sequence[ast.AST]) -> Iterator[Use]:
    found = (_use(node) for node in nodes if isinstance(node, ast.Attribute))
    return (use for use in found if use and use.module)


def _from_imports(nodes: Sequence[ast.AST]) -> Iterator[Use]:
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield Use(line=node.lineno, module=node.module or "", name=alias.name)


def _imports(nodes: Sequence[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
