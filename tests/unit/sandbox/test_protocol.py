"""Every message both ways, what is no message, and what comes out of turn."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stand_ins.document_run import LIMITS, PDF, DocumentRun, needs_ocr, page
from worker.errors import Code
from worker.extract.read_options import ReadOptions
from worker.extract.tools import Tools
from worker.models.file import FileType
from worker.models.metadata import NO_PROPERTIES, Properties
from worker.models.page import Page, TextSource
from worker.sandbox.channel import ProtocolError
from worker.sandbox.checks.phase import Phase
from worker.sandbox.confinement import Walls
from worker.sandbox.protocol import (
    MESSAGES_IN,
    AllPagesListed,
    BeginReading,
    ChildExited,
    ChildStarted,
    DocumentDetails,
    DocumentOpened,
    ExtractionRequest,
    ForkServerFailed,
    ForkServerReady,
    FromDocumentProcess,
    FromForkServer,
    KillChild,
    OcrPage,
    PageExtracted,
    PageNeedsOcr,
    PreviewDone,
    ReadingFailed,
    SpawnChild,
    SpawnRequest,
    ToDocumentProcess,
    ToForkServer,
    TypeDetected,
    message_from_document_process,
    message_from_fork_server,
    message_to_document_process,
    message_to_fork_server,
    to_json,
)

pytestmark = pytest.mark.unit

AnyMessage = ToForkServer | FromForkServer | ToDocumentProcess | FromDocumentProcess
Parse = Callable[[dict[str, Any]], AnyMessage]

_PAGE = Page(
    number=3,
    text="営業",
    source=TextSource.MIXED,
    language="jpn",
    confidence=91.5,
    words='[["a", 1, 2, 3, 4, 91.5]]',
    width_px=1_000,
    height_px=1_400,
    ocr_s=2.5,
    layer_reason="too_short",
    engine="tesseract jpn",
)
_REQUEST = SpawnRequest(
    document=ExtractionRequest(path=Path("/srv/odd-\udcff"), name="a.pdf", folder=Path("/srv")),
    slots=2,
    options=ReadOptions(limits=LIMITS, languages=("jpn", "eng"), dpi=200, pdf_passwords=("secret",)),
)
_TOOLS = Tools(tesseract="5.3.0", languages=("eng", "jpn"))

_MESSAGES: list[tuple[Parse, AnyMessage]] = [
    (message_to_fork_server, SpawnChild(child="1", request=_REQUEST)),
    (message_to_fork_server, KillChild(child="1")),
    (message_from_fork_server, ForkServerReady(tools=_TOOLS, walls=Walls(namespace="EPERM: not permitted"))),
    (message_from_fork_server, ForkServerFailed(reason="pdftoppm is missing")),
    (message_from_fork_server, ChildStarted(child="1", pid=4_711)),
    (message_from_fork_server, ChildExited(child="1", code=-9, cpu_s=1.25)),
    (message_to_document_process, BeginReading(skip=(1, 2), preview=True)),
    (message_to_document_process, OcrPage(page=3, hint="jpn_vert")),
    (message_to_document_process, OcrPage(page=3, hint=None)),
    (message_from_document_process, TypeDetected(file_type=FileType.PDF)),
    (message_from_document_process, DocumentOpened(pages=0)),
    (message_from_document_process, PageExtracted(page=_PAGE)),
    (message_from_document_process, PageNeedsOcr(page=3, fallback=_PAGE)),
    (message_from_document_process, PageNeedsOcr(page=3, fallback=None)),
    (
        message_from_document_process,
        DocumentDetails(
            codes=(Code.DYNAMIC_FORM, Code.ATTACHED_FILES), properties=Properties(title="営業報告書")
        ),
    ),
    (message_from_document_process, AllPagesListed()),
    (message_from_document_process, PreviewDone(drawn=False)),
    (message_from_document_process, ReadingFailed(code=Code.ENCRYPTED, message="needs a password")),
]
_PARSERS = (
    message_to_fork_server,
    message_from_fork_server,
    message_to_document_process,
    message_from_document_process,
)


def _over_the_wire(message: AnyMessage) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(json.dumps(to_json(message)))
    return values


def _named(message: object) -> str:
    return type(message).__name__ if not callable(message) else ""


@pytest.mark.parametrize(("parse", "message"), _MESSAGES, ids=_named)
def test_a_message_arrives_as_it_was_sent(parse: Parse, message: AnyMessage) -> None:
    assert parse(_over_the_wire(message)) == message


@pytest.mark.parametrize(("parse", "message"), _MESSAGES, ids=_named)
def test_a_message_of_another_direction_is_refused(parse: Parse, message: AnyMessage) -> None:
    for other in _PARSERS:
        if other is not parse:
            with pytest.raises(ProtocolError, match="unknown kind"):
                other(_over_the_wire(message))


@pytest.mark.parametrize(("parse", "message"), _MESSAGES, ids=_named)
def test_a_field_that_is_missing_unknown_or_of_no_type_is_refused(parse: Parse, message: AnyMessage) -> None:
    values = _over_the_wire(message)
    for name in values:
        with pytest.raises(ProtocolError):
            parse({key: value for key, value in values.items() if key != name})
        with pytest.raises(ProtocolError):
            parse(values | {name: {"no": "such value"}})
    with pytest.raises(ProtocolError):
        parse(values | {"unknown": 1})


def _page(**changes: object) -> dict[str, object]:
    return _over_the_wire(PageExtracted(page=_PAGE))["page"] | changes  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"kind": None},
        {"kind": ["PageExtracted"]},
        {"kind": "page"},
        {"kind": "TypeDetected", "file_type": "nonsense"},
        {"kind": "DocumentOpened", "pages": -1},
        {"kind": "DocumentOpened", "pages": 10**7},
        {"kind": "DocumentOpened", "pages": True},
        {"kind": "DocumentOpened", "pages": 2.0},
        {"kind": "DocumentOpened", "pages": "2"},
        {"kind": "PageExtracted", "page": _page(number=0)},
        {"kind": "PageExtracted", "page": _page(number=10**7)},
        {"kind": "PageExtracted", "page": _page(number="3")},
        {"kind": "PageExtracted", "page": _page(text=None)},
        {"kind": "PageExtracted", "page": _page(source="nonsense")},
        {"kind": "PageExtracted", "page": _page(width_px=-1)},
        {"kind": "PageExtracted", "page": _page(height_px=10**30)},
        {"kind": "PageExtracted", "page": _page(ocr_s=-0.1)},
        {"kind": "PageExtracted", "page": _page(confidence=float("nan"))},
        {"kind": "PageExtracted", "page": _page(ocr_s=float("inf"))},
        {"kind": "PageExtracted", "page": {"number": 3}},
        {"kind": "PageNeedsOcr", "page": 0, "fallback": None},
        {"kind": "PageNeedsOcr", "page": 4, "fallback": _page()},
        {"kind": "PreviewDone", "drawn": 1},
        {"kind": "ReadingFailed", "code": "nonsense", "message": ""},
        {"kind": "DocumentDetails", "codes": ["throttled"]},
        {"kind": "PageNeedsOcr", "page": 3, "fallback": _page(reason="nonsense")},
    ],
)
def test_a_wrong_value_of_a_document_process_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        message_from_document_process(values)


@pytest.mark.parametrize(
    ("parse", "values"),
    [
        (message_from_fork_server, {"kind": "ChildStarted", "child": "1", "pid": 1}),
        (message_from_fork_server, {"kind": "ChildStarted", "child": 1, "pid": 4_711}),
        (message_from_fork_server, {"kind": "ChildExited", "child": "1", "code": 0, "cpu_s": -1.0}),
        (message_to_document_process, {"kind": "OcrPage", "page": 0, "hint": None}),
        (message_to_document_process, {"kind": "BeginReading", "skip": [1, 0], "preview": True}),
        (message_to_document_process, {"kind": "BeginReading", "skip": 1, "preview": True}),
    ],
)
def test_a_wrong_value_of_our_own_is_refused_too(parse: Parse, values: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        parse(values)


def test_a_refusal_names_the_field_and_no_value() -> None:
    values = _over_the_wire(SpawnChild(child="1", request=_REQUEST))
    values["request"]["options"]["pdf_passwords"] = "secret"
    with pytest.raises(ProtocolError) as raised:
        message_to_fork_server(values)
    assert str(raised.value) == "SpawnChild.request.options.pdf_passwords is of type str, not a list"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
_KINDS = sorted({type(message).__name__ for _, message in _MESSAGES})
_FIELDS = sorted({name for _, message in _MESSAGES for name in to_json(message)} | set(_PAGE.as_dict()))
_OBJECTS = st.dictionaries(st.sampled_from(_FIELDS) | st.text(max_size=5), _JSON, max_size=6)
_LOOKS_LIKE_A_MESSAGE = st.builds(
    lambda kind, fields, one: {**fields, **one, "kind": kind},
    st.sampled_from(_KINDS) | _JSON,
    st.sampled_from([_over_the_wire(message) for _, message in _MESSAGES]),
    _OBJECTS,
)


@given(_OBJECTS | _LOOKS_LIKE_A_MESSAGE)
def test_whatever_json_comes_it_is_a_message_or_a_protocol_error(values: dict[str, Any]) -> None:
    for parse in _PARSERS:
        try:
            message = parse(values)
        except ProtocolError:
            continue
        assert parse(_over_the_wire(message)) == message


@pytest.fixture
def document() -> Iterator[DocumentRun]:
    run = DocumentRun()
    yield run
    run.close()


def _reach(document: DocumentRun, phase: Phase) -> None:
    """Bring a document of three pages, of which page 1 came and page 2 waits for OCR, into a phase."""
    if phase is Phase.WAITING:
        document.receive(PDF)
        return
    document.state.go(done=[], preview=True)
    steps: dict[Phase, list[FromDocumentProcess]] = {
        Phase.OPENING: [PDF],
        Phase.LISTING: [DocumentOpened(pages=3), page(1), needs_ocr(2)],
        Phase.LISTED: [AllPagesListed()],
    }
    for reached, messages in steps.items():
        if document.state.phase is not phase:
            document.receive(*messages)
            assert document.state.phase is reached


_ONE_OF_EACH: tuple[FromDocumentProcess, ...] = (
    PDF,
    DocumentOpened(pages=3),
    page(3),
    needs_ocr(3),
    AllPagesListed(),
    PreviewDone(drawn=True),
    ReadingFailed(code=Code.CORRUPT, message=""),
    DocumentDetails(codes=(Code.ATTACHED_FILES,), properties=NO_PROPERTIES),
)


@pytest.mark.parametrize("message", _ONE_OF_EACH, ids=_named)
@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.ENDED])
def test_a_message_is_taken_in_its_phases_and_refused_in_the_others(
    document: DocumentRun, phase: Phase, message: FromDocumentProcess
) -> None:
    _reach(document, phase)
    if phase is Phase.LISTED:
        document.permit()
        message = page(2) if message == page(3) else message
    if isinstance(message, MESSAGES_IN[phase]):
        document.receive(message)
    else:
        with pytest.raises(ProtocolError, match=f"{type(message).__name__} while {phase}"):
            document.receive(message)
