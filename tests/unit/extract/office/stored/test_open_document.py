"""OpenDocument with what it has stored."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from worker.extract.office.ooxml_package import Element, local_attribute
from worker.extract.office.stored import open_document
from worker.extract.office.stored.open_document import write_stored

pytestmark = pytest.mark.unit

_NAMES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "text", "table", "presentation")
)


def _copied(folder: Path, markup: str, part: str = "content.xml") -> str | None:
    """What is in the root element of the copy, None where there is no copy."""
    path, target = folder / "a.odt", folder / "copy"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr(part, f"<office:a {_NAMES}>{markup}</office:a>")
    if not write_stored(path, target):
        assert not target.exists()
        return None
    with zipfile.ZipFile(target) as archive:
        assert archive.namelist()[0] == "mimetype"
        return archive.read(part).decode().partition(">")[2].partition(">")[2].removesuffix("</office:a>")


def test_deleted_text_is_not_in_the_copy(tmp_path: Path) -> None:
    region = (
        '<text:changed-region text:id="c{0}"><text:{1}><text:p>old</text:p></text:{1}></text:changed-region>'
    )
    changes = region.format(1, "deletion") + region.format(2, "insertion").replace("<text:p>old</text:p>", "")
    body = '<text:p>keep <text:change text:change-id="c1"/>this<text:change text:change-id="c2"/></text:p>'
    found = _copied(tmp_path, f"<text:tracked-changes>{changes}</text:tracked-changes>{body}")

    assert found is not None
    assert "old" not in found
    assert "c1" not in found
    assert '<text:p>keep this<text:change text:change-id="c2"/></text:p>' in found


@pytest.mark.parametrize("part", ["content.xml", "styles.xml"])
def test_fields_have_the_text_that_they_were_saved_with(tmp_path: Path, part: str) -> None:
    fields = (
        '<text:date text:date-value="2001-02-03">3 Feb</text:date><text:time>11:22</text:time>'
        "<text:file-name>plan.odt</text:file-name>"
    )

    assert _copied(tmp_path, fields, part) == (
        "<text:span>3 Feb</text:span><text:span>11:22</text:span><text:span>plan.odt</text:span>"
    )


def test_dates_of_slides_are_those_that_they_have(tmp_path: Path) -> None:
    declaration = (
        '<presentation:date-time-decl presentation:source="{0}">1.2.03</presentation:date-time-decl>'
    )

    assert _copied(tmp_path, declaration.format("current-date")) == declaration.format("fixed")


def test_formulas_of_the_moment_are_values(tmp_path: Path) -> None:
    cells = (
        '<table:table-cell table:formula="of:=TODAY()">1</table:table-cell>'
        '<table:table-cell table:formula="of:=[.A1]">2</table:table-cell>'
    )

    assert _copied(tmp_path, cells) == (
        "<table:table-cell>1</table:table-cell>"
        '<table:table-cell table:formula="of:=[.A1]">2</table:table-cell>'
    )


def test_a_formula_of_the_moment_may_have_a_name_and_be_a_part_of_others(tmp_path: Path) -> None:
    cell = '<table:table-cell{0} office:value-type="float" office:value="1"/>'
    names = '<table:named-expression table:name="HEUTE" table:expression="TODAY()"/>'

    found = _copied(tmp_path, cell.format(' table:formula="of:=HEUTE+1"') + names)
    assert found == cell.format("") + names
    others = names.replace("TODAY", "PI") + cell.format(' table:formula="of:=HEUTE+1"')
    assert _copied(tmp_path, others) == others


def test_names_of_people_are_those_in_the_file(tmp_path: Path) -> None:
    fields = "<text:author-name>山田</text:author-name><text:sender-company>商会</text:sender-company>"

    assert _copied(tmp_path, fields) == "<text:span>山田</text:span><text:span>商会</text:span>"


def test_parts_in_utf_16_are_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.odt", "w") as archive:
        archive.writestr(
            "content.xml", f"<office:a {_NAMES}><text:date>1</text:date></office:a>".encode("utf-16")
        )

    assert write_stored(tmp_path / "a.odt", tmp_path / "copy")
    with zipfile.ZipFile(tmp_path / "copy") as archive:
        assert b"<text:span>1</text:span>" in archive.read("content.xml")


def test_a_document_without_any_of_them_needs_no_copy(tmp_path: Path) -> None:
    assert _copied(tmp_path, "<text:p>plain words</text:p>") is None


def test_a_part_too_large_for_a_tree_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.extract.office.stored.open_document._MAX_TREE_BYTES", 100)

    assert _copied(tmp_path, "<text:date>1</text:date>") is None


def test_many_deletions_are_one_walk_through_the_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def count(element: Element, name: str) -> str:
        asked.append(name)
        return local_attribute(element, name)

    monkeypatch.setattr(open_document, "local_attribute", count)
    deletion = "<text:deletion><text:p>old</text:p></text:deletion>"
    region = f'<text:changed-region text:id="c{{0}}">{deletion}</text:changed-region>'
    changes = "".join(map(region.format, range(50)))
    body = "".join(f'<text:change text:change-id="c{number}"/>' for number in range(50))
    found = _copied(
        tmp_path, f"<text:tracked-changes>{changes}</text:tracked-changes><text:p>{body}</text:p>"
    )

    assert found is not None
    assert "c49" not in found
    assert asked.count("change-id") == 50
