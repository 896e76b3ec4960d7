"""The Tesseract executable: how it is started, and which errors its failures become."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytesseract
import pytest

from worker.errors import Code, MisconfiguredError, OCRError
from worker.extract.ocr.tesseract_cli import (
    detect_script,
    installed_languages,
    recognise,
    tesseract_version,
)

pytestmark = pytest.mark.unit


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "page-7.pgm"
    path.write_bytes(b"P5 1 1 255\n\xff")
    return path


def _recognise(picture: Path, *, net_s: float = 20.0) -> str:
    return recognise(picture, language="jpn", psm=4, dpi=300, net_s=net_s)


def test_the_tsv_is_returned_unchanged(tesseract: Path, picture: Path) -> None:
    (tesseract / "jpn.tsv").write_text("level\t営業\n")

    assert _recognise(picture) == "level\t営業\n"
    assert "--psm 4 --dpi 300" in (tesseract / "calls").read_text()


def test_the_picture_goes_to_tesseract_unchanged(tesseract: Path, picture: Path) -> None:
    (tesseract / "jpn.tsv").write_text("level\n")

    _recognise(picture)

    assert (tesseract / "last-input").read_bytes() == picture.read_bytes()


def test_tesseract_has_one_openmp_thread_and_is_nice(tesseract: Path, picture: Path) -> None:
    (tesseract / "jpn.sh").write_text('echo "$OMP_THREAD_LIMIT $(nice)" > "$here/seen"')
    (tesseract / "jpn.tsv").write_text("level\n")

    _recognise(picture)

    threads, niceness = (tesseract / "seen").read_text().split()
    assert threads == "1"
    assert int(niceness) >= 10


def test_no_temporary_file_is_left(
    tesseract: Path, picture: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    (tesseract / "jpn.tsv").write_text("level\n")

    _recognise(picture)

    assert list(folder.iterdir()) == []


def test_a_program_that_hangs_is_killed(tesseract: Path, picture: Path) -> None:
    (tesseract / "jpn.sh").write_text("exec sleep 60")

    with pytest.raises(OCRError, match=r"page-7\.pgm") as caught:
        _recognise(picture, net_s=0.2)

    assert caught.value.code is Code.TIMEOUT


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'image is damaged' >&2; exit 1", "ended with status 1: image is damaged"),
        ("kill -SEGV $$", "was killed by signal 11"),
        ("printf 'level\\t\\377\\376' > \"$output.tsv\"", "not UTF-8"),
        ("printf '\\377\\376' >&2; exit 1", "not UTF-8"),
        ("exit 0", "could not be run"),
    ],
    ids=["failure", "crash", "bad output", "bad message", "no output"],
)
def test_a_failure_names_the_file_and_the_cause(
    tesseract: Path, picture: Path, script: str, message: str
) -> None:
    (tesseract / "jpn.sh").write_text(script)

    with pytest.raises(OCRError, match=r"page-7\.pgm") as caught:
        _recognise(picture)

    assert caught.value.code is Code.OCR_FAILED
    assert message in str(caught.value)


def test_a_missing_model_is_for_the_operator(tesseract: Path, picture: Path) -> None:
    (tesseract / "jpn.sh").write_text("echo \"Failed loading language 'jpn'\" >&2; exit 1")

    with pytest.raises(MisconfiguredError, match="no model 'jpn'") as caught:
        _recognise(picture)

    assert caught.value.code is Code.PROGRAM_MISSING


@pytest.mark.parametrize("programs", [(), ("nice",)], ids=["nothing", "only nice"])
def test_a_missing_tesseract_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, picture: Path, programs: tuple[str, ...]
) -> None:
    for name in programs:
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MisconfiguredError, match="install tesseract-ocr") as caught:
        _recognise(picture)

    assert caught.value.code is Code.PROGRAM_MISSING


@pytest.mark.parametrize("ask", [tesseract_version, installed_languages])
def test_asking_a_missing_tesseract_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ask: object
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MisconfiguredError, match="install tesseract-ocr"):
        ask()  # type: ignore[operator]


def test_version_and_languages_are_read(tesseract: Path) -> None:
    assert tesseract_version() == "5.3.0"
    assert installed_languages() == {"eng", "jpn", "jpn_vert", "osd"}


def test_an_unsupported_version_does_not_end_the_process(tesseract: Path) -> None:
    (tesseract / "version").write_text("tesseract 2.04\n")

    with pytest.raises(MisconfiguredError, match="not supported"):
        tesseract_version()


def test_the_script_of_a_picture_is_read_from_osd(tesseract: Path, picture: Path) -> None:
    (tesseract / "osd.osd").write_text("Rotate: 0\nScript: Greek\nScript confidence: 11.06\n")

    assert detect_script(picture, dpi=300, net_s=20.0) == ("Greek", 11.06)


def test_too_few_characters_have_no_script(tesseract: Path, picture: Path) -> None:
    (tesseract / "osd.sh").write_text("echo 'Too few characters. Skipping this page' >&2; exit 1")

    assert detect_script(picture, dpi=300, net_s=20.0) == ("", 0.0)


def test_osd_that_hangs_is_killed_too(tesseract: Path, picture: Path) -> None:
    (tesseract / "osd.sh").write_text("exec sleep 60")

    with pytest.raises(OCRError) as caught:
        detect_script(picture, dpi=300, net_s=0.2)

    assert caught.value.code is Code.TIMEOUT


def test_pytesseract_still_takes_its_environment_from_the_name_that_we_set() -> None:
    arguments = pytesseract.pytesseract.subprocess_args()

    assert arguments["env"]["OMP_THREAD_LIMIT"] == "1"
