"""The archive of an Office document: its parts, its relations, and what it refuses to unpack."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from worker.errors import Code, RejectedError
from worker.extract.office import ooxml_package
from worker.extract.office.ooxml_package import Package, free, local_name, open_package, relation_id

pytestmark = pytest.mark.unit

WriteOle = Callable[[Path, dict[str, bytes]], Path]

_MAIN = "xl/workbook.xml"
_RELATIONS = """<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="r1" Type="http://example.com/relationships/worksheet" Target="worksheets/sheet1.xml"/>
<Relationship Id="r2" Type="http://purl.oclc.org/relationships/image" Target="../media/a.png"/>
<Relationship Id="r3" Type="http://example.com/image" Target="/xl/Media/B.png"/>
<Relationship Id="r6" Type="http://example.com/image" Target="/xl/Media/B.png"/>
<Relationship Id="r4" Type="http://example.com/image" Target="http://example.com/x" TargetMode="External"/>
<Relationship Id="r5" Type="http://example.com/image" Target="../../../../etc/hostname"/>
</Relationships>"""


def _archive(path: Path, parts: dict[str, str], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def _package(folder: Path, parts: dict[str, str]) -> Package:
    return open_package(_archive(folder / "a.xlsx", parts))


def _rejection(path: Path) -> Code:
    with pytest.raises(RejectedError, match=path.name) as caught:
        open_package(path)
    return caught.value.code


def test_relations_lead_to_parts_of_the_archive_and_nowhere_else(tmp_path: Path) -> None:
    package = _package(
        tmp_path,
        {
            _MAIN: "<a/>",
            "xl/_rels/workbook.xml.rels": _RELATIONS,
            "xl/worksheets/sheet1.xml": "<a/>",
            "media/a.png": "",
            "xl/media/b.png": "",
        },
    )

    relations = package.relations(_MAIN)

    assert {key: (each.kind, each.target) for key, each in relations.items()} == {
        "r1": ("worksheet", "xl/worksheets/sheet1.xml"),
        "r2": ("image", "media/a.png"),
        "r3": ("image", "xl/Media/B.png"),
        "r6": ("image", "xl/Media/B.png"),
    }
    assert package.targets(_MAIN, "image") == ["media/a.png", "xl/Media/B.png"]
    assert package.relations("xl/worksheets/sheet1.xml") == {}


def test_parts_are_found_whatever_the_case_and_the_separator(tmp_path: Path) -> None:
    package = _package(tmp_path, {"XL\\Workbook.xml": "<a/>"})

    assert _MAIN in package
    assert local_name(package.tree(_MAIN)) == "a"


def test_elements_are_streamed(tmp_path: Path) -> None:
    package = _package(tmp_path, {_MAIN: '<a xmlns="urn:x"><b>1<b>2</b></b><c/><b>3</b></a>'})

    assert [element.text for element in package.elements(_MAIN, ["b"])] == ["2", "1", "3"]
    assert [element.text for element in package.outermost(_MAIN, ["b"])] == ["1", "3"]


def test_what_was_read_is_freed(tmp_path: Path) -> None:
    package = _package(tmp_path, {_MAIN: "<a>" + "<b>1</b>" * 5 + "</a>"})

    left = []
    for element in package.elements(_MAIN, ["b"]):
        free(element)
        left.append(len(element.getparent()))

    assert left == [5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    "namespace",
    [
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
        "http://purl.oclc.org/ooxml/officeDocument/relationships",
    ],
)
def test_the_id_of_a_relation_is_found_in_strict_files_too(tmp_path: Path, namespace: str) -> None:
    package = _package(tmp_path, {_MAIN: f'<a xmlns:r="{namespace}" r:id="r7" id="no" r:dm="r8"/>'})
    root = package.tree(_MAIN)

    assert (relation_id(root), relation_id(root, "dm"), relation_id(root, "embed")) == ("r7", "r8", "")


def test_external_entities_are_never_resolved(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    xml = f'<!DOCTYPE a [<!ENTITY x SYSTEM "{secret.as_uri()}">]><a>&x;</a>'

    assert "secret" not in "".join(_package(tmp_path, {_MAIN: xml}).tree(_MAIN).itertext())


@pytest.mark.parametrize("depth", [10, 200])
def test_xml_nested_deeper_than_the_parser_goes_is_damaged(tmp_path: Path, depth: int) -> None:
    xml = "<a>" * depth * 10 + "</a>" * depth * 10
    package = _package(tmp_path, {_MAIN: xml})

    if depth == 10:
        assert package.tree(_MAIN).tag == "a"
    else:
        with pytest.raises(ooxml_package.UNREADABLE):
            package.tree(_MAIN)


def test_unpacked_bytes_are_counted_whatever_the_directory_states(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ooxml_package, "_MAX_READ_BYTES", 1000)
    package = _package(tmp_path, {_MAIN: "<a>" + " " * 600 + "</a>"})

    package.tree(_MAIN)
    with pytest.raises(RejectedError) as caught:
        package.tree(_MAIN)

    assert caught.value.code is Code.BOMB


def test_a_part_is_not_read_beyond_its_stated_size(tmp_path: Path) -> None:
    path = _archive(tmp_path / "a.xlsx", {_MAIN: "x" * 100_000})
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = struct.pack("<I", 10)
    path.write_bytes(data)

    with open_package(path).open(_MAIN) as part, pytest.raises(zipfile.BadZipFile):
        part.read()


def test_a_part_is_written_into_a_file(tmp_path: Path) -> None:
    package = _package(tmp_path, {"a": "b"})

    package.extract("a", tmp_path / "out")

    assert (tmp_path / "out").read_text() == "b"
    assert package.fingerprint("a") == (0x71BEEFF9, 1)


def test_an_encrypted_document_in_an_ole_container_is_encrypted(tmp_path: Path, write_ole: WriteOle) -> None:
    path = write_ole(tmp_path / "a.docx", {"EncryptionInfo": b"", "EncryptedPackage": b""})

    assert _rejection(path) is Code.ENCRYPTED


def test_encrypted_parts_are_distinguished_from_damaged_ones(tmp_path: Path) -> None:
    path = _archive(tmp_path / "a.xlsx", {_MAIN: "<a/>"})
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 8] |= 1
    path.write_bytes(data)

    assert _rejection(path) is Code.ENCRYPTED


def test_a_truncated_archive_is_corrupt(tmp_path: Path) -> None:
    path = _archive(tmp_path / "a.xlsx", {_MAIN: "<a/>"})
    path.write_bytes(path.read_bytes()[:-10])

    assert _rejection(path) is Code.CORRUPT


def test_a_bomb_is_refused_by_its_ratio_before_it_is_unpacked(tmp_path: Path) -> None:
    parts = {_MAIN: "<a/>", "xl/media/zeros.bin": "\0" * (51 * 1024**2)}

    assert _rejection(_archive(tmp_path / "bomb.xlsx", parts)) is Code.BOMB


def test_a_bomb_is_refused_by_its_size(tmp_path: Path) -> None:
    path = _archive(tmp_path / "a.xlsx", {_MAIN: "<a/>"})
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 20 : entry + 24] = (100 * 1024**2).to_bytes(4, "little")
    data[entry + 24 : entry + 28] = (600 * 1024**2).to_bytes(4, "little")
    path.write_bytes(data)

    assert _rejection(path) is Code.BOMB


def test_an_archive_of_too_many_parts_is_a_bomb(tmp_path: Path) -> None:
    parts = {f"xl/{number}": "" for number in range(10_001)}

    assert _rejection(_archive(tmp_path / "many.xlsx", parts, zipfile.ZIP_STORED)) is Code.BOMB
