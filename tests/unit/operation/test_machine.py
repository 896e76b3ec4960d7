"""Programs, languages, folder and memory of a machine as a test describes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

from worker.aws.instance_metadata import InstanceMetadata
from worker.config import Settings, load_settings
from worker.embedded.metadata_server import MetadataServer
from worker.errors import MisconfiguredError
from worker.extract.tools import Tools
from worker.operation.finding import Finding, Level
from worker.operation.machine import (
    language_findings,
    libre_office_findings,
    machine_checks,
    memory_bytes,
    memory_findings,
    metadata_findings,
    ocr_engine_findings,
    program_findings,
    room_finding,
    tesseract_findings,
    work_dir_findings,
)
from worker.sandbox.probe_client import ToolReport

pytestmark = pytest.mark.unit

MIB = 1024**2
MISSING = ToolReport(tools=Tools(tesseract="", languages=()), problem="Tesseract is not installed.")


def _report(*languages: str, **tools: str) -> ToolReport:
    return ToolReport(tools=Tools(tesseract="5.3.0", languages=languages, **tools), problem="")


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of pdfinfo, in a folder that is all of the PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path / "pdfinfo"


def _script(path: Path, lines: str) -> None:
    path.write_text(f"#!/bin/sh\n{lines}\n")
    path.chmod(0o755)


def test_a_program_is_reported_with_its_version(program: Path) -> None:
    _script(program, "echo 'pdfinfo version 22.12.0' >&2; echo 'Copyright' >&2")
    (found,) = program_findings("pdfinfo")
    assert (found.level, found.message) == (Level.OK, "version 22.12.0")


def test_a_program_that_is_missing_is_named_with_its_package(program: Path) -> None:
    (found,) = program_findings("pdfinfo")
    assert found.level is Level.FAILURE
    assert "pdfinfo" in found.message
    assert "poppler-utils" in found.advice


@pytest.mark.parametrize("content", ["#!/bin/sh\necho broken library >&2; exit 127\n", "no program"])
def test_a_program_that_does_not_run_is_a_failure(program: Path, content: str) -> None:
    program.write_text(content)
    program.chmod(0o755)
    (found,) = program_findings("pdfinfo")
    assert found.level is Level.FAILURE
    assert str(program) in found.message


@pytest.mark.parametrize(
    ("installed", "level", "message", "advice"),
    [
        (("jpn", "eng", "osd"), Level.OK, "jpn, eng", ""),
        (("eng", "osd"), Level.FAILURE, "no model jpn", "tesseract-ocr-jpn, or set CIS_LANGUAGES"),
        (("jpn", "eng"), Level.WARNING, "osd is missing", "tesseract-ocr-osd"),
    ],
)
def test_languages_that_are_set_must_be_installed(
    installed: tuple[str, ...], level: Level, message: str, advice: str
) -> None:
    (found,) = language_findings(("jpn", "eng"), _report(*installed))
    assert found.level is level
    assert message in found.message
    assert advice in found.advice


def test_the_package_of_a_vertical_model_is_spelled_as_apt_does() -> None:
    (found,) = language_findings(("jpn_vert",), _report("eng"))
    assert "tesseract-ocr-jpn-vert" in found.advice


def test_the_ocr_engine_used_is_named_with_the_second_pass() -> None:
    report = _report("jpn", tesserocr="2.8 (Tesseract 5.5.4)", openvino="2026.4.1", network="small 12ab")

    (both,) = ocr_engine_findings(load_settings(), report)
    (plain,) = ocr_engine_findings(load_settings(ocr_engine="tesseract", ocr_second_pass="off"), report)

    assert both.message == "tesserocr 2.8 (Tesseract 5.5.4), then openvino 2026.4.1, then network small 12ab"
    assert plain.message == "tesseract 5.3.0"


def test_tesseract_is_reported_with_its_version() -> None:
    (found,) = tesseract_findings(_report("jpn"))
    assert (found.level, found.message) == (Level.OK, "version 5.3.0")


@pytest.mark.parametrize(
    "find",
    [tesseract_findings, partial(ocr_engine_findings, load_settings()), partial(language_findings, ("jpn",))],
    ids=["tesseract", "OCR engine", "languages"],
)
def test_without_tesseract_what_needs_it_says_why_it_cannot_be_used(
    find: Callable[[ToolReport], Sequence[Finding]],
) -> None:
    with pytest.raises(MisconfiguredError, match="Tesseract is not installed"):
        find(MISSING)


def _settings(folder: Path) -> Settings:
    return load_settings(
        work_dir=folder, max_file_bytes=100 * MIB, max_documents=4, slots=2, memory_bytes=MIB
    )


def test_a_work_folder_is_left_as_it_was(tmp_path: Path) -> None:
    (found,) = work_dir_findings(load_settings(work_dir=tmp_path, max_file_bytes=1))
    assert found.level is Level.OK
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["missing", "file"])
def test_a_work_folder_that_cannot_be_written_to_is_a_failure(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    (found,) = work_dir_findings(_settings(tmp_path / place))
    assert found.level is Level.FAILURE
    assert str(tmp_path / place) in found.message
    assert "CIS_WORK_DIR" in found.advice


@pytest.mark.parametrize(
    ("free_mib", "level"),
    [(0, Level.FAILURE), (99, Level.FAILURE), (100, Level.WARNING), (399, Level.WARNING), (400, Level.OK)],
)
def test_the_largest_files_must_fit_on_the_disk(tmp_path: Path, free_mib: int, level: Level) -> None:
    found = room_finding(_settings(tmp_path), free_bytes=free_mib * MIB)
    assert found.level is level
    assert f"{free_mib} MiB free" in found.message
    assert bool(found.advice) is (level is not Level.OK)


def test_readers_that_do_not_fit_into_memory_are_a_warning(tmp_path: Path) -> None:
    (fits,) = memory_findings(_settings(tmp_path), total_bytes=2 * MIB)
    (large,) = memory_findings(_settings(tmp_path), total_bytes=2 * MIB - 2)
    assert fits.level is Level.OK
    assert large.level is Level.WARNING
    assert str(MIB - 1) in large.advice


def test_this_machine_has_memory() -> None:
    assert memory_bytes() > MIB


def test_the_metadata_service_names_the_instance() -> None:
    with MetadataServer() as server:
        (found,) = metadata_findings(InstanceMetadata(server.url))
    assert found.level is Level.OK
    assert "i-" in found.message


def test_no_metadata_service_is_no_fault() -> None:
    (found,) = metadata_findings(InstanceMetadata("http://127.0.0.1:9"))
    assert found.level is Level.OK
    assert "outside EC2" in found.message


def test_every_part_of_the_machine_is_checked(tmp_path: Path) -> None:
    checks = {check.subject: check for check in machine_checks(_settings(tmp_path))}
    assert {"tesseract", "languages"} < set(checks)
    for subject in ("work folder", "memory", "metadata"):
        assert [finding.subject for finding in checks[subject].run()] == [subject]


@pytest.mark.parametrize(
    ("report", "message"),
    [
        (_report(libre_office="7.4.7.2"), "version 7.4.7.2"),
        (_report(), "needs_libreoffice"),
        (MISSING, "needs_libreoffice"),
    ],
    ids=["installed", "missing", "missing like Tesseract"],
)
def test_libre_office_is_optional(report: ToolReport, message: str) -> None:
    (found,) = libre_office_findings(report)

    assert found.level is Level.OK
    assert message in found.message


def test_the_programs_are_probed_once_for_all_checks_that_need_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _script(tmp_path / "tesseract", f"echo x >> {tmp_path}/starts; echo tesseract 5.3.0")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    checks = {check.subject: check for check in machine_checks(load_settings())}

    checks["tesseract"].run()
    starts = (tmp_path / "starts").read_text()
    checks["libreoffice"].run()

    assert starts
    assert (tmp_path / "starts").read_text() == starts
