"""Documents of Debian's packages, fetched once into a folder that is not committed."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(".tools/beds")
PACKAGES = (
    *("debian-reference-ja", "debian-reference-fr", "debian-reference-de"),
    *("maint-guide-ja", "maint-guide-fr", "maint-guide-de"),
    *("developers-reference-ja", "developers-reference-fr", "developers-reference-de"),
    *("debian-faq-fr", "debian-faq-de", "debian-history", "gnuplot-doc", "asymptote-doc", "octave-doc"),
)
FRESH_PACKAGES = (
    *("installation-guide-amd64", "harden-doc", "debian-reference-it", "gretl-doc", "python-reportlab-doc"),
    *("debian-policy", "dblatex-doc", "maint-guide-es"),
)
"""Of the bed that no threshold was set on."""
_TIMEOUT_S = 600


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A document: the package and version that it is from, its name, and the hash of its bytes."""

    package: str
    path: Path
    sha256: str

    @classmethod
    def of(cls, package: str, path: Path) -> Source:
        """The document of a path."""
        return cls(package=package, path=path, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def fetch(names: Sequence[str] = PACKAGES) -> None:
    """Download the packages that are not there yet, and unpack them; what is not to be had is left out."""
    packages = FOLDER / "debs"
    for folder in (packages, FOLDER / "x"):
        folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        if not list(packages.glob(f"{name}_*.deb")):
            subprocess.run(["apt-get", "download", name], cwd=packages, check=False, timeout=_TIMEOUT_S)
    for package in packages.glob("*.deb"):
        unpacked = FOLDER / "x" / package.stem.removesuffix("_all")
        if not unpacked.is_dir():
            subprocess.run(["dpkg-deb", "-x", package, unpacked], check=True, timeout=_TIMEOUT_S)


def pdfs(names: Sequence[str] = PACKAGES) -> Iterator[Source]:
    """The PDFs of the packages, by name."""
    for unpacked in sorted((FOLDER / "x").glob("*")):
        if unpacked.name.split("_")[0] in names:
            for path in sorted(unpacked.rglob("*.pdf*")):
                if path.name.endswith((".pdf", ".pdf.gz")) and not path.is_symlink():
                    yield Source.of(unpacked.name, _unzip(path))


def _unzip(path: Path) -> Path:
    if path.suffix != ".gz":
        return path
    plain = path.with_suffix("")
    if not plain.exists():
        with gzip.open(path) as packed, plain.open("wb") as file:
            shutil.copyfileobj(packed, file)
    return plain
