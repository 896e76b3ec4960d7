"""Interface to the LibreOffice executable: one that works, crashes, hangs, or does nothing."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.stand_ins.programs import StandInOffice
from worker.errors import Code, RejectedError
from worker.extract.disk_space import is_disk_full
from worker.extract.office.libreoffice import Conversion, convert, libre_office_version

pytestmark = [pytest.mark.unit, pytest.mark.usefixtures("own_temporary_folder")]

_TO_PDF = Conversion(suffix="rtf", reader="Rich Text Format", writer="pdf:writer_pdf_Export:{}")


def _file(folder: Path) -> Path:
    path = folder / "original"
    path.write_bytes(rb"{\rtf1\ansi Hello from the past\par}")
    return path


def _rejection(path: Path, timeout_s: float = 10.0) -> Code:
    with pytest.raises(RejectedError) as caught:
        convert(path, _TO_PDF, timeout_s=timeout_s)
    return caught.value.code


def test_the_output_counts_and_not_the_exit_status(tmp_path: Path, soffice: StandInOffice) -> None:
    soffice.behaves('cp "$here/ready.pdf" "$out/document.pdf"; exit 1')

    output = convert(_file(tmp_path), _TO_PDF, timeout_s=10.0)

    assert output.read_bytes() == (soffice.folder / "ready.pdf").read_bytes()


def test_the_original_never_passes_for_the_output(tmp_path: Path, soffice: StandInOffice) -> None:
    soffice.behaves("exit 0")
    same = Conversion(suffix="pptx", reader="a", writer="pptx:b")

    with pytest.raises(RejectedError) as caught:
        convert(_file(tmp_path), same, timeout_s=10.0)
    assert caught.value.code is Code.CORRUPT


def test_each_run_has_a_profile_of_its_own_without_macros_and_links(
    tmp_path: Path, soffice: StandInOffice, own_temporary_folder: Path
) -> None:
    soffice.behaves('cp "$here/ready.pdf" "$out/document.pdf"')

    for _ in range(2):
        convert(_file(tmp_path), _TO_PDF, timeout_s=10.0)
    settings = (soffice.folder / "settings").read_text()
    profiles = [call.split()[0] for call in soffice.calls()]

    assert len(set(profiles)) == 2
    assert all(profile.startswith(f"-env:UserInstallation=file://{tmp_path}") for profile in profiles)
    assert all(call.split()[-1].endswith("/document.rtf") for call in soffice.calls())
    assert 'oor:name="DisableMacrosExecution" oor:op="fuse"><value>true<' in settings
    assert 'oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true<' in settings
    assert list(own_temporary_folder.glob("*/profile")) == []


def test_the_filters_are_named(tmp_path: Path, soffice: StandInOffice) -> None:
    soffice.behaves('cp "$here/ready.pdf" "$out/document.pdf"')

    convert(_file(tmp_path), _TO_PDF, timeout_s=10.0)

    (call,) = soffice.calls()
    assert "--infilter=Rich Text Format --convert-to pdf:writer_pdf_Export:{} --outdir" in call


@pytest.mark.parametrize(
    ("commands", "code"),
    [
        ("exit 0", Code.CORRUPT),
        ("exit 77", Code.CRASHED),
        (': > "$out/document.pdf"', Code.CORRUPT),
        ("kill -SEGV $$", Code.CRASHED),
        ("exit 139", Code.CRASHED),
    ],
    ids=["no output", "status", "empty output", "signal", "signal of its own child"],
)
def test_a_failure_has_a_reason(tmp_path: Path, soffice: StandInOffice, commands: str, code: Code) -> None:
    soffice.behaves(commands)

    assert _rejection(_file(tmp_path)) is code


def test_a_program_that_hangs_is_killed_at_its_time_limit(tmp_path: Path, soffice: StandInOffice) -> None:
    soffice.behaves("exec sleep 600")

    assert _rejection(_file(tmp_path), timeout_s=0.5) is Code.TIMEOUT


def test_it_is_started_again_where_it_asks_for_that(tmp_path: Path, soffice: StandInOffice) -> None:
    soffice.behaves(
        'if [ ! -f "$here/started" ]; then touch "$here/started"; exit 81; fi\n'
        'cp "$here/ready.pdf" "$out/document.pdf"'
    )
    convert(_file(tmp_path), _TO_PDF, timeout_s=60.0)
    assert len(soffice.calls()) == 2


def test_all_its_starts_share_one_time_limit(tmp_path: Path, soffice: StandInOffice) -> None:
    soffice.behaves("sleep 1.4; exit 81")

    assert _rejection(_file(tmp_path), timeout_s=2.0) is Code.TIMEOUT
    assert len(soffice.calls()) < 4


def test_one_that_always_asks_for_that_is_a_crash(tmp_path: Path, soffice: StandInOffice) -> None:
    soffice.behaves("exit 81")
    assert _rejection(_file(tmp_path), timeout_s=60.0) is Code.CRASHED
    assert len(soffice.calls()) < 10


def test_its_temporary_files_are_in_the_folder_of_the_conversion(
    tmp_path: Path, soffice: StandInOffice, own_temporary_folder: Path
) -> None:
    soffice.behaves('echo "$TMPDIR $PWD" > "$here/places"; cp "$here/ready.pdf" "$out/document.pdf"')
    convert(_file(tmp_path), _TO_PDF, timeout_s=60.0)
    temporary, working = (soffice.folder / "places").read_text().split()
    assert Path(temporary).parent == Path(working).parent == own_temporary_folder
    assert "-env:OSL_SOCKET_PATH=/proc/self/cwd" in soffice.calls()[0]


def test_without_the_program_the_file_needs_libreoffice(tmp_path: Path, no_soffice: None) -> None:
    assert _rejection(_file(tmp_path)) is Code.NEEDS_LIBREOFFICE
    assert libre_office_version() == ""


@pytest.mark.parametrize("commands", ["", "exit 1"])
def test_the_version_is_what_the_program_prints(soffice: StandInOffice, commands: str) -> None:
    soffice.behaves(commands)

    assert libre_office_version() == "7.4.7.2"


def test_a_program_that_is_something_else_has_no_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(shutil.which("true") or "/bin/true", tmp_path / "soffice")
    monkeypatch.setenv("PATH", str(tmp_path))

    assert libre_office_version() == ""


def test_on_a_full_disk_the_cause_is_the_disk(
    tmp_path: Path, soffice: StandInOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    soffice.behaves("exit 0")
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=0))

    with pytest.raises(RejectedError) as caught:
        convert(_file(tmp_path), _TO_PDF, timeout_s=10.0)

    assert is_disk_full(caught.value)


@pytest.mark.parametrize("nice", [0, 5])
def test_it_runs_at_the_niceness_asked_for(tmp_path: Path, soffice: StandInOffice, nice: int) -> None:
    soffice.behaves('nice > "$out/document.pdf"')

    output = convert(_file(tmp_path), replace(_TO_PDF, nice=nice), timeout_s=10.0)

    assert int(output.read_text()) == min(19, os.nice(0) + nice)
