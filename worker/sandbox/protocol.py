"""Every message between the worker, its fork server and the document processes.

    worker          -> fork server        SpawnChild, KillChild
    fork server     -> worker             ForkServerReady | ForkServerFailed, then ChildStarted, ChildExited
    worker          -> document process   BeginReading, then OcrPage for each page permit
    document process -> worker            TypeDetected, DocumentOpened, (PageExtracted | PageNeedsOcr) a page,
                                          MemberBegun and MemberOpened before those of a file within, one
                                          DocumentDetails if there are any, AllPagesListed, then
                                          PageExtracted for each permit and one PreviewDone;
                                          ReadingFailed instead of any of these

Both sides check what they receive with the function of its direction; all of them raise ProtocolError.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

from worker.errors import Code
from worker.extract.read_options import ReadOptions
from worker.extract.tools import Tools
from worker.models.file import FileType
from worker.models.metadata import Properties
from worker.models.page import Page
from worker.sandbox.channel import JsonObject, ProtocolError
from worker.sandbox.checks.phase import Phase
from worker.sandbox.checks.property_values import check_properties
from worker.sandbox.checks.unread_values import check_codes, check_failure, check_page, check_preview
from worker.sandbox.confinement import Walls
from worker.sandbox.json_codec import Range, decode, encode
from worker.sandbox.members.messages import MemberBegun, MemberOpened

# What the document process draws into the document's folder: pictures travel as files, not in frames.
THUMBNAIL_NAME = "thumbnail.webp"
PICTURE_NAME = "picture.jpg"

# Readers stop at 100,000 pages of a PDF. A larger count buys a document time (its limit grows by the page).
_MAX_PAGES = 1_000_000
_MAX_SLOTS = 10_000

# The status of a child that could not be forked: real ones are at most 255, or negative.
NOT_FORKED = 1000

PageNumber = Annotated[int, Range(least=1, most=_MAX_PAGES)]

T = TypeVar("T")


# worker -> fork server


@dataclass(frozen=True, kw_only=True, slots=True)
class ExtractionRequest:
    """Which file to read, its display name, and the private folder of its process."""

    path: Path
    name: str
    folder: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class SpawnRequest:
    """All that a document process needs; `slots` is how many pages it may be given to OCR at a time."""

    document: ExtractionRequest
    slots: Annotated[int, Range(least=1, most=_MAX_SLOTS)]
    options: ReadOptions


@dataclass(frozen=True, kw_only=True, slots=True)
class SpawnChild:
    """Fork a document process; the far end of its socket is attached as a descriptor."""

    child: str
    request: SpawnRequest


@dataclass(frozen=True, kw_only=True, slots=True)
class KillChild:
    """Kill a document process and all that it started."""

    child: str


# fork server -> worker


@dataclass(frozen=True, kw_only=True, slots=True)
class ForkServerReady:
    """The first message: the fork server is warm, these programs are installed, these walls stand."""

    tools: Tools
    walls: Walls


@dataclass(frozen=True, kw_only=True, slots=True)
class ForkServerFailed:
    """The first message where the fork server cannot work on this machine."""

    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ChildStarted:
    """A document process runs; its pid leads a process group of its own."""

    child: str
    pid: Annotated[int, Range(least=2)]  # 1 or 0 in killpg() would end this machine, or the worker


@dataclass(frozen=True, kw_only=True, slots=True)
class ChildExited:
    """A document process and all that it started are gone; `code` is negative for a signal, or NOT_FORKED."""

    child: str
    code: int
    cpu_s: Annotated[float, Range(least=0)]


# worker -> document process


@dataclass(frozen=True, kw_only=True, slots=True)
class BeginReading:
    """Read all pages but those to skip, and draw the preview if it is wanted.

    At the pages in `lost` a file begins that is not opened again.
    """

    skip: tuple[PageNumber, ...]
    preview: bool
    lost: tuple[PageNumber, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class OcrPage:
    """A permit to OCR one page; `hint` is the OCR model to begin with."""

    page: PageNumber
    hint: str | None


# document process -> worker: untrusted, since it parses files of anybody


@dataclass(frozen=True, kw_only=True, slots=True)
class TypeDetected:
    """What the file is, by its content."""

    file_type: FileType


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentOpened:
    """The file could be opened and has so many pages."""

    pages: Annotated[int, Range(least=0, most=_MAX_PAGES)]


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentDetails:
    """What the document has beside its pages: codes of what is not read, and what it says of itself."""

    codes: tuple[Code, ...]
    properties: Properties


@dataclass(frozen=True, kw_only=True, slots=True)
class PageExtracted:
    """A page as it is stored."""

    page: Page


@dataclass(frozen=True, kw_only=True, slots=True)
class PageNeedsOcr:
    """A page that waits for a permit; `fallback` is what is left of its text layer if OCR fails."""

    page: PageNumber
    fallback: Page | None


@dataclass(frozen=True, kw_only=True, slots=True)
class AllPagesListed:
    """Every page was sent or waits for a permit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewDone:
    """The thumbnail is in the document's folder, or (`drawn` False) there is none.

    `code` says why, where the type of the file can have one.
    """

    drawn: bool
    code: Code | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadingFailed:
    """The document cannot be read, or not further; the last message of its process."""

    code: Code
    message: str


ToForkServer = SpawnChild | KillChild
FromForkServer = ForkServerReady | ForkServerFailed | ChildStarted | ChildExited
ToDocumentProcess = BeginReading | OcrPage
FromDocumentProcess = (
    TypeDetected
    | DocumentOpened
    | DocumentDetails
    | MemberBegun
    | MemberOpened
    | PageExtracted
    | PageNeedsOcr
    | AllPagesListed
    | PreviewDone
    | ReadingFailed
)


MESSAGES_IN: Mapping[Phase, tuple[type[FromDocumentProcess], ...]] = {
    Phase.DETECTING: (TypeDetected, ReadingFailed),
    Phase.WAITING: (ReadingFailed,),
    Phase.OPENING: (DocumentOpened, ReadingFailed),
    Phase.LISTING: (
        *(DocumentDetails, MemberBegun, MemberOpened),
        *(PageExtracted, PageNeedsOcr, AllPagesListed, ReadingFailed),
    ),
    Phase.LISTED: (PageExtracted, PreviewDone, ReadingFailed),
    Phase.ENDED: (),
}
"""What a document process may send in each phase; anything else is a ProtocolError."""


def _by_name(*kinds: type[T]) -> Mapping[str, type[T]]:
    return {kind.__name__: kind for kind in kinds}


_TO_FORK_SERVER: Mapping[str, type[ToForkServer]] = _by_name(SpawnChild, KillChild)
_FROM_FORK_SERVER: Mapping[str, type[FromForkServer]] = _by_name(
    ForkServerReady, ForkServerFailed, ChildStarted, ChildExited
)
_TO_DOCUMENT_PROCESS: Mapping[str, type[ToDocumentProcess]] = _by_name(BeginReading, OcrPage)
_FROM_DOCUMENT_PROCESS: Mapping[str, type[FromDocumentProcess]] = _by_name(
    *{kind for allowed in MESSAGES_IN.values() for kind in allowed}
)


def to_json(message: ToForkServer | FromForkServer | ToDocumentProcess | FromDocumentProcess) -> JsonObject:
    """The message as plain values, for Channel.send."""
    return {"kind": type(message).__name__, **encode(message)}


def message_to_fork_server(values: JsonObject) -> ToForkServer:
    """Check what the worker sent to the fork server."""
    return _to_message(_TO_FORK_SERVER, values)


def message_from_fork_server(values: JsonObject) -> FromForkServer:
    """Check what the fork server sent."""
    return _to_message(_FROM_FORK_SERVER, values)


def message_to_document_process(values: JsonObject) -> ToDocumentProcess:
    """Check what the worker sent to a document process."""
    return _to_message(_TO_DOCUMENT_PROCESS, values)


def message_from_document_process(values: JsonObject) -> FromDocumentProcess:
    """Check what a document process sent; whether it may be sent now is in MESSAGES_IN."""
    message = _to_message(_FROM_DOCUMENT_PROCESS, values)
    match message:
        case DocumentDetails():
            check_codes(message.codes, "DocumentDetails.codes")
            check_properties(message.properties, "DocumentDetails.properties")
        case PageExtracted():
            check_page(message.page, "PageExtracted.page", most=_MAX_PAGES)
        case PageNeedsOcr() if message.fallback is not None:
            check_page(message.fallback, "PageNeedsOcr.fallback", most=_MAX_PAGES)
            if message.fallback.number != message.page:
                raise ProtocolError("PageNeedsOcr.fallback is another page")
        case PreviewDone():
            check_preview(message.code, "PreviewDone")
        case ReadingFailed():
            check_failure(message.code, message.message, "ReadingFailed")
    return message


def _to_message(kinds: Mapping[str, type[T]], values: JsonObject) -> T:
    name = values.get("kind")
    kind = kinds.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ProtocolError("a message of unknown kind")
    return decode(kind, {field: value for field, value in values.items() if field != "kind"})
