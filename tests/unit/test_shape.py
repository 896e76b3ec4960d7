"""The rules that no linter knows: sizes, names, mirrored tests, one reader of the environment."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.unit.source_file import ROOT, calls, functions, imports, named, source_file, uses

pytestmark = pytest.mark.unit

WORKER = ROOT / "worker"
TESTS = ROOT / "tests"
MODULES = sorted(WORKER.rglob("*.py"))
TOOLS = sorted(
    path for folder in ("bench", "fuzz", "infra", "scripts") for path in (ROOT / folder).rglob("*.py")
)
TEST_FOLDER = sorted(TESTS.rglob("*.py"))
TEST_FILES = [path for path in TEST_FOLDER if path.name.startswith("test_")]
FLOORS = ("unit", "integration", "resilience", "e2e", "autoscaling", "performance")

# Where the test file of a module may be.
MIRRORS = ("unit", "integration", "autoscaling")

MAX_FILE_LINES = 300
MAX_TEST_FILE_LINES = 300
MAX_FUNCTION_LINES = 40
MAX_PARAMETERS = 6
MAX_MODULES_IN_A_FOLDER = 16
MAX_PARTICIPLES = 0.02
FORBIDDEN_NAMES = re.compile(r"(utils?|helpers?|common|base|misc|manager.*)\.py")

# Modules without a test file of their own, and why.
WITHOUT_TEST_FILE = {
    "extract/page_source.py": "a value that every extractor's test makes",
    "extract/read_options.py": "values that every reader's test makes",
    "cli/fleet/scale_options.py": "declarations that the help of its command prints",
    "document/processed_content.py": "a value that the tests of the file processor make",
    "document/uploads/upload_entry.py": "values that the tests of the uploader make",
    "index/analysis/values/entity.py": "a value that the tests of dates, numbers and codes make",
    "models/ledger.py": "values that the tests of claims and checkpoints make",
    "samples/documents.py": "test_write.py reads what it writes",
    "samples/pictures.py": "test_write.py reads what it writes",
    "samples/texts.py": "words only",
}
# Tests of the project itself and not of one module.
ABOUT_THE_PROJECT = {
    *("test_container_files.py", "test_dependencies.py", "test_docs.py", "test_shape.py", "test_words.py"),
    *("test_user_files.py", "test_runbook.py", "test_fleet_template.py", "test_scaling_template.py"),
    *("test_observability_template.py", "test_cost.py", "test_pages.py"),
    "test_host_files.py",
    *("test_module_tests.py", "test_runner_options.py", "test_coverage_floors.py", "test_history.py"),
    *("test_live_servers.py", "test_flaky_history.py", "test_speed.py"),
    *("test_policies.py", "test_templates.py"),
}
# What the specification binds with all its parameters.
BOUND_SIGNATURES = {("fleet/scaling_manager.py", "__init__")}
# Names that begin with a participle and are right: bound by the specification.
RIGHT_PARTICIPLES = {"presigned_url"}
PARTICIPLE = re.compile(
    r"(?!bleed|breed|embed|exceed|feed|need|proceed|seed|shed|speed|succeed)\w+ed"
    r"|begun|bent|blown|born|bought|bound|broken|brought|built|burnt|caught|chosen|come|dealt|done|drawn"
    r"|driven|dug|eaten|fallen|fed|felt|fought|found|forgotten|frozen|given|gone|grown|heard|held|hidden|kept"
    r"|known|laid|led|left|lent|lit|lost|made|meant|met|paid|proven|ridden|risen|said|seen|sent|shaken|shone"
    r"|shot|shown|shrunk|sold|sought|spent|spoilt|spoken|spun|stolen|stood|struck|stuck|sunk|sworn|swept|swum"
    r"|taken|taught|thought|thrown|torn|understood|woken|won|worn|wound|woven|written|unwritten|withdrawn"
)


def is_participle(name: str) -> bool:
    """Whether a function's name begins with a participle: `_kept`, `drawn_on`, not `is_kept`."""
    first = name.strip("_").partition("_")[0]
    return PARTICIPLE.fullmatch(first) is not None and name not in RIGHT_PARTICIPLES


def offenders(paths: Iterable[Path], rule: Callable[[Path], Iterable[object]]) -> list[str]:
    """What a rule finds in the files, as `file: finding`."""
    return [f"{named(path)}: {found}" for path in paths for found in rule(path)]


def in_worker(*folders: str) -> Callable[[Path], bool]:
    return lambda path: path.relative_to(WORKER).parts[0] in folders


def test_files_are_short() -> None:
    def long(path: Path) -> Iterable[object]:
        limit = MAX_TEST_FILE_LINES if path.is_relative_to(TESTS) else MAX_FILE_LINES
        lines = len(path.read_text(encoding="utf-8").splitlines())
        return [f"{lines} lines"] if lines > limit else []

    assert offenders(MODULES + TOOLS + TEST_FOLDER, long) == []


def test_folders_are_small() -> None:
    """A folder that a newcomer can read from top to bottom; `scripts/shape.py` prints the largest."""
    folders = {path.parent for path in MODULES + TOOLS}
    counts = {named(folder): len([*folder.glob("[!_]*.py")]) for folder in folders}
    assert {name: count for name, count in counts.items() if count > MAX_MODULES_IN_A_FOLDER} == {}


def test_functions_are_verbs_or_nouns_and_rarely_participles() -> None:
    names = [f.name for path in MODULES + TOOLS for f in functions(path) if not f.name.startswith("__")]
    participles = sorted(filter(is_participle, names))
    assert len(participles) <= MAX_PARTICIPLES * len(names), participles


def test_functions_are_short() -> None:
    def long(path: Path) -> Iterable[object]:
        return [f"{f.name}: {f.lines} lines" for f in functions(path) if f.lines > MAX_FUNCTION_LINES]

    assert offenders(MODULES + TOOLS + TEST_FOLDER, long) == []


def test_functions_take_few_parameters_but_for_commands() -> None:
    def many(path: Path) -> Iterable[object]:
        found = [f for f in functions(path) if f.parameters > MAX_PARAMETERS]
        inside = path.relative_to(WORKER).as_posix() if path.is_relative_to(WORKER) else ""
        return [f"{f.name}: {f.parameters}" for f in found if (inside, f.name) not in BOUND_SIGNATURES]

    commands = {ROOT / "infra" / "stacks" / "__main__.py"}
    tools = [path for path in TOOLS if path not in commands]
    assert offenders([*itertools.filterfalse(in_worker("cli"), MODULES), *tools], many) == []


def test_files_are_named_after_their_noun() -> None:
    paths = MODULES + TOOLS + TEST_FOLDER
    assert [named(path) for path in paths if FORBIDDEN_NAMES.fullmatch(path.name)] == []


def test_modules_say_what_they_are_for() -> None:
    assert [named(path) for path in MODULES + TOOLS if not source_file(path).has_docstring] == []


def test_a_module_has_its_test_file() -> None:
    """An adapter's stands on the integration floor when only a real server can answer it.

    That of the scaling stands with the fleet it scales.
    """
    missing = []
    for path in MODULES:
        inside = path.relative_to(WORKER)
        mirrored = [TESTS / floor / inside.parent / f"test_{path.name}" for floor in MIRRORS]
        exempt = path.name in ("__init__.py", "__main__.py") or inside.as_posix() in WITHOUT_TEST_FILE
        if not exempt and not any(file.exists() for file in mirrored):
            missing.append(named(mirrored[0]))
    assert missing == []


def test_a_unit_test_file_has_its_module() -> None:
    """`test_<module>.py`, or `test_<module>_<topic>.py` where one file would be too long."""

    def has_module(path: Path) -> bool:
        folder = WORKER / path.relative_to(TESTS / "unit").parent
        words = path.stem.removeprefix("test_").split("_")
        return any((folder / f"{'_'.join(words[:count])}.py").exists() for count in range(1, len(words) + 1))

    files = [path for path in TEST_FILES if path.is_relative_to(TESTS / "unit")]
    assert [named(p) for p in files if p.name not in ABOUT_THE_PROJECT and not has_module(p)] == []


def test_only_config_reads_the_environment() -> None:
    def read(path: Path) -> Iterable[object]:
        return uses(path, "os", "environ", "environb", "getenv", "putenv", "unsetenv")

    assert offenders(itertools.filterfalse(in_worker("config.py"), MODULES), read) == []


def test_nothing_sleeps_but_waits_on_the_shutdown() -> None:
    assert offenders(MODULES + TOOLS, lambda path: uses(path, "time", "sleep")) == []


def test_only_commands_print() -> None:
    assert (
        offenders(itertools.filterfalse(in_worker("cli"), MODULES), lambda path: calls(path, "print")) == []
    )


def test_resilience_names_only_exceptions_of_botocore() -> None:
    def more(path: Path) -> Iterable[object]:
        return [name for name in imports(path) if re.match(r"botocore(?!\.exceptions\b)", name)]

    assert offenders(filter(in_worker("resilience"), MODULES), more) == []


def test_a_test_file_carries_the_marker_of_its_floor() -> None:
    def lacks(path: Path) -> Iterable[object]:
        floor = path.relative_to(TESTS).parts[0]
        marks = source_file(path).marks
        return [] if re.search(rf"\bpytest\.mark\.{floor}\b", marks) else [f"no mark {floor}"]

    assert offenders(TEST_FILES, lacks) == []
    assert {path.relative_to(TESTS).parts[0] for path in TEST_FILES} <= set(FLOORS)


def test_tests_assert_something() -> None:
    def bare(path: Path) -> Iterable[object]:
        return [f.name for f in functions(path) if f.name.startswith("test_") and not f.has_assertion]

    assert offenders(TEST_FILES, bare) == []


def test_tests_wait_for_things_and_not_for_time() -> None:
    assert offenders(TEST_FOLDER, lambda path: calls(path, "sleep")) == []


def test_tests_skip_no_missing_package_in_silence() -> None:
    """`require_module` of conftest.py skips at home, and fails in CI."""
    assert offenders(TEST_FOLDER, lambda path: calls(path, "importorskip")) == []


def test_tests_fake_the_wire_and_not_the_class() -> None:
    def mocks(path: Path) -> Iterable[object]:
        return [name for name in imports(path) if name.split(".")[0] in ("unittest", "mock", "pytest_mock")]

    assert offenders(TEST_FOLDER, mocks) == []


@pytest.mark.parametrize(
    ("rule", "source", "found"),
    [
        (lambda path: uses(path, "os", "environ"), "import os\nos.environ['A']", ["2: os.environ"]),
        (lambda path: uses(path, "os", "environ"), "from os import environ", ["1: os.environ"]),
        (lambda path: uses(path, "os", "environ"), "# os.environ\nimport os\nos.path", []),
        (lambda path: calls(path, "sleep"), "import time as t\nt.sleep(1)", ["2: sleep"]),
        (lambda path: calls(path, "sleep"), "run(['sleep', '5'])", []),
        (lambda path: calls(path, "sleep"), "sleep(1)\na.b().sleep(1)", ["1: sleep", "2: sleep"]),
        (
            lambda path: [f.lines for f in functions(path)],
            'def f():\n    """A.\n\n    B.\n    """\n    x',
            [2],
        ),
        (imports, "import a.b\nfrom c.d import e", {"a.b", "c.d.e"}),
        (lambda path: [f.parameters for f in functions(path)], "def f(self, a, /, b, *, c): ...", [3]),
        (lambda path: [f.has_assertion for f in functions(path)], "def f():\n    x.run()", [False]),
        (
            lambda path: [f.has_assertion for f in functions(path)],
            "def f():\n    if x:\n        assert x",
            [True],
        ),
        (
            lambda path: [f.has_assertion for f in functions(path)],
            "def f():\n    with pytest.raises(E):\n        x",
            [True],
        ),
        (
            lambda path: [f.name for f in functions(path) if is_participle(f.name)],
            "\n".join(
                f"def {n}(): ..." for n in ("_kept", "feed", "is_kept", "drawn_x", "presigned_url", "read")
            ),
            ["_kept", "drawn_x"],
        ),
    ],
)
def test_the_rules_see_what_they_look_for(
    rule: Callable[[Path], object], source: str, found: object, tmp_path: Path
) -> None:
    path = tmp_path / "example.py"
    path.write_text(source, encoding="utf-8")
    assert rule(path) == found
