"""The ZIP archive of a docx, xlsx or pptx: its parts, their relations, and the protection against bombs.

Archives inside the archive are never opened, and references to anything outside are dropped.
"""

from __future__ import annotations

import io
import posixpath
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from lxml import etree

from worker.errors import Code, RejectedError
from worker.extract.office.ole import OLE_START, is_encrypted

_MAX_UNPACKED_BYTES = 512 * 1024**2
# Pictures are read twice: for their size, and for OCR.
_MAX_READ_BYTES = 2 * _MAX_UNPACKED_BYTES
_MAX_RATIO = 200
_RATIO_MATTERS_ABOVE_BYTES = 50 * 1024**2
_MAX_MEMBERS = 10_000
_ENCRYPTED_FLAG = 0x1
# No network, no external entities, and none of the parser's limits lifted.
SAFE_XML = {
    "resolve_entities": False,
    "no_network": True,
    "huge_tree": False,
    "load_dtd": False,
    "dtd_validation": False,
    "remove_comments": True,
    "remove_pis": True,
}
"""How XML of a file is parsed: by all readers, whether it is in an archive or not."""
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,  # a compression method that Python does not have
    RuntimeError,  # how zipfile reports that a password is needed
    SyntaxError,  # lxml's XMLSyntaxError is one
    ValueError,
    LookupError,
)
"""Errors of reading a damaged archive or part."""

Element = Any
"""An element of lxml, which has no types."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Relation:
    """A reference of a part: the last word of the relation's type, and the name of the other part."""

    kind: str
    target: str


class Package:
    """An opened archive; parts may be read by several threads at once."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.name = path.name
        self._archive = archive
        self._bytes_left = _MAX_READ_BYTES
        # In some programs' files, names and references differ in case and separators.
        self._members = {_key(member.filename): member for member in archive.infolist()}

    @property
    def parts(self) -> list[str]:
        """The names of all parts, in lower case."""
        return list(self._members)

    def __contains__(self, part: str) -> bool:
        return _key(part) in self._members

    def fingerprint(self, part: str) -> tuple[int, int]:
        """Checksum and size of a part as the directory has them: equal for equal parts."""
        member = self._members[_key(part)]
        return member.CRC, member.file_size

    def open(self, part: str) -> IO[bytes]:
        """A part's bytes; raises KeyError, and RejectedError (`bomb`) once too much was unpacked in total."""
        return io.BufferedReader(_CountingStream(self._archive.open(self._members[_key(part)]), self))

    def extract(self, part: str, target: Path) -> None:
        """Write a part into a file."""
        with self.open(part) as source, target.open("wb") as file:
            shutil.copyfileobj(source, file)

    def tree(self, part: str) -> Element:
        """The root element of a part."""
        with self.open(part) as source:
            return etree.parse(source, etree.XMLParser(**SAFE_XML)).getroot()

    def elements(self, part: str, tags: Sequence[str]) -> Iterator[Element]:
        """The elements with one of these local names, each when its end has been read."""
        for _, element in self._events(part, tags, ("end",)):
            yield element

    def outermost(self, part: str, tags: Sequence[str]) -> Iterator[Element]:
        """The same, without those inside another; an element is freed when the next is requested."""
        depth = 0
        for event, element in self._events(part, tags, ("start", "end")):
            depth += 1 if event == "start" else -1
            if depth == 0:
                yield element
                free(element)

    def _events(self, part: str, tags: Sequence[str], events: Sequence[str]) -> Iterator[tuple[str, Element]]:
        with self.open(part) as source:
            yield from etree.iterparse(source, events=events, tag=[f"{{*}}{tag}" for tag in tags], **SAFE_XML)

    def relations(self, part: str) -> dict[str, Relation]:
        """The relations of a part inside the archive, by id; "" is the archive itself."""
        folder, name = posixpath.split(part)
        file = posixpath.join(folder, "_rels", f"{name}.rels")
        if file not in self:
            return {}
        found = {}
        for element in self.tree(file).iter("{*}Relationship"):
            target = element.get("Target") or ""
            if element.get("TargetMode") != "External":
                found[element.get("Id") or ""] = Relation(
                    kind=(element.get("Type") or "").rpartition("/")[2],
                    target=posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/"),
                )
        return {key: relation for key, relation in found.items() if relation.target in self}

    def targets(self, part: str, *kinds: str) -> list[str]:
        """The parts that a part refers to by these kinds of relation, each once, in their order."""
        targets = (relation.target for relation in self.relations(part).values() if relation.kind in kinds)
        return list(dict.fromkeys(targets))

    def count_unpacked(self, unpacked_bytes: int) -> None:
        """Count unpacked bytes; raises RejectedError (`bomb`) when they are too many in total."""
        self._bytes_left -= unpacked_bytes
        if self._bytes_left < 0:
            raise RejectedError(
                f"{self.name}: more than {_MAX_READ_BYTES} bytes were unpacked", code=Code.BOMB
            )


class _CountingStream(io.RawIOBase):
    """A part's stream that reports to the package how much was read."""

    def __init__(self, source: IO[bytes], package: Package) -> None:
        self._source = source
        self._package = package

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._source.seek(offset, whence)

    def tell(self) -> int:
        return self._source.tell()

    def readinto(self, buffer: Any) -> int:
        data = self._source.read(len(buffer))
        self._package.count_unpacked(len(data))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._source.close()
        super().close()


def open_package(path: Path) -> Package:
    """Open the archive, which stays open until the process that reads it ends.

    Raises RejectedError: `corrupt`, `encrypted`, or `bomb` (it would unpack to more than 512 MB, or to more
    than 50 MB and 200 times its size, or into more than 10,000 parts).
    """
    with path.open("rb") as file:
        in_ole = file.read(len(OLE_START)) == OLE_START
    if in_ole and is_encrypted(path):
        raise RejectedError(f"{path.name}: encrypted; only its password opens it", code=Code.ENCRYPTED)
    with readable(path.name):
        archive = zipfile.ZipFile(path)
        # Checked before anything is unpacked. The directory may be wrong: unpacked bytes are counted, too.
        _refuse_bombs(archive.infolist(), path.name)
        return Package(path, archive)


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Translate the errors of reading a damaged archive into RejectedError (`corrupt`)."""
    try:
        yield
    except UNREADABLE as error:
        raise RejectedError(f"{name}: not an Office document that can be read ({error})") from error


def free(element: Element) -> None:
    """Free an element that was read, and its siblings before it."""
    # lxml keeps the whole tree otherwise, however the file is streamed.
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def local_name(element: Element) -> str:
    """An element's name without its namespace, which differs between Strict and other files."""
    return str(element.tag).rpartition("}")[2] if isinstance(element.tag, str) else ""


def local_attribute(element: Element, name: str) -> str:
    """The value of an attribute by its name without its namespace; "" where there is none."""
    return next((str(value) for key, value in element.attrib.items() if key.rpartition("}")[2] == name), "")


def relation_id(element: Element, name: str = "id") -> str:
    """The id by which an element refers to another part (`r:id`, `r:embed`, `r:dm`)."""
    for key, value in element.attrib.items():
        if key.endswith(f"relationships}}{name}"):
            return str(value)
    return ""


def _key(part: str) -> str:
    return part.replace("\\", "/").lstrip("/").lower()


def _refuse_bombs(members: list[zipfile.ZipInfo], name: str) -> None:
    if any(member.flag_bits & _ENCRYPTED_FLAG for member in members):
        raise RejectedError(f"{name}: its parts are encrypted", code=Code.ENCRYPTED)
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    dense = unpacked > _RATIO_MATTERS_ABOVE_BYTES and unpacked > _MAX_RATIO * packed
    if unpacked > _MAX_UNPACKED_BYTES or dense or len(members) > _MAX_MEMBERS:
        raise RejectedError(
            f"{name}: {packed} bytes would unpack to {unpacked} in {len(members)} parts", code=Code.BOMB
        )
