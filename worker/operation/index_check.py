"""Checks of the search index, one for each kind there is."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial

from worker.aws.clients import signing_credentials
from worker.config import Settings
from worker.errors import WorkerError
from worker.index.analysis_version import OWN_ANALYSIS, AnalysisVersion
from worker.index.opensearch.client import connect_from_settings
from worker.index.opensearch.inspection import IndexFacts, IndexInspection
from worker.index.opensearch.schema import FILES, IMAGE_DIMENSION, IMAGES
from worker.index.sqlite.sqlite_file import SqliteFile
from worker.index.sqlite.sqlite_index import read_analysis
from worker.operation.finding import Check, Finding, failure, ok, warning

_INDEX = "index"
_CLUSTER = "opensearch"
_BUSY_TIMEOUT_S = 2.0
_NEW_INDEX = (
    "A mapping cannot be changed: set CIS_INDEX_PREFIX to a new name, run `cis-worker init`, and "
    "announce the files again (or delete the index if nothing in it is needed)."
)
_REINDEX = (
    "A mapping cannot be changed: `cis-worker reindex` makes a new index from what is stored, beside this "
    "one, and leads the alias to it; no file is read again."
)
_BLOCKED = (
    "Documents stay pending, and searches go on. Free disk space on the nodes or add some: OpenSearch lifts "
    "the block of a full disk itself; any other is lifted by setting it to null in the index's settings."
)
_CHECK_S, _STATUS_S = 15.0, 5.0
_NO_KUROMOJI = (
    "Install the plugin on every node (`opensearch-plugin install analysis-kuromoji`) and restart it; "
    "Amazon OpenSearch Service has it."
)


def index_checks(settings: Settings) -> list[Check]:
    """The checks of the index the settings name."""
    return _CHECKS[settings.index](settings)


def sqlite_checks(settings: Settings) -> list[Check]:
    """The one file of the SQLite index."""
    return [
        Check(
            subject=_INDEX,
            run=lambda: sqlite_findings(settings),
            advice="Set CIS_SQLITE_PATH to a file the worker may write to.",
            unavailable_advice="Check its disk and the other processes that write to it, then try again.",
        )
    ]


def sqlite_findings(settings: Settings) -> Sequence[Finding]:
    """Whether the file can be written to, and has our format and analysis; a missing one is not created.

    Raises MisconfiguredError or UnavailableError, as the index does.
    """
    path = settings.sqlite_path
    if path is None:
        return [failure(_INDEX, "CIS_SQLITE_PATH is not set.", "Set it to the file of the index.")]
    if not path.exists():
        if os.access(path.parent, os.W_OK | os.X_OK) and path.parent.is_dir():
            return [ok(_INDEX, f"{path} does not exist yet; the worker can create it")]
        return [
            failure(
                _INDEX,
                f"{path} cannot be created: its folder is missing or not writable.",
                "Create the folder, or set CIS_SQLITE_PATH to a file the worker may write to.",
            )
        ]
    with (
        closing(SqliteFile(path, busy_timeout_s=_BUSY_TIMEOUT_S)) as file,
        file.write_transaction() as connection,
    ):
        wrong = _wrong_analysis(_INDEX, str(path), read_analysis(connection))
        return wrong or [ok(_INDEX, f"{path} can be written to")]


def index_problem(settings: Settings) -> str:
    """Why the cluster takes no documents now, as one line; empty where it takes them or none is used."""
    if settings.index != "opensearch":
        return ""
    try:
        with closing(_inspection(settings, timeout_s=_STATUS_S)) as indices:
            return "; ".join(indices.blocks())
    except WorkerError as error:
        return str(error)


def opensearch_checks(settings: Settings) -> list[Check]:
    """The cluster, and the two indices in it."""
    reach = "Make sure that OPENSEARCH_ENDPOINT is right and reachable from here; documents stay pending."
    advice = "Set OPENSEARCH_ENDPOINT and CIS_OPENSEARCH_AUTH, and grant the user or role its rights there."
    examinations: Mapping[str, Callable[[Settings, IndexInspection], Sequence[Finding]]] = {
        _CLUSTER: cluster_findings,
        f"index {settings.index_prefix}{FILES}": files_findings,
        f"index {settings.index_prefix}{IMAGES}": images_findings,
    }

    def run(examine: Callable[[Settings, IndexInspection], Sequence[Finding]]) -> Sequence[Finding]:
        with closing(_inspection(settings)) as indices:
            return examine(settings, indices)

    return [
        Check(subject=subject, run=partial(run, examine), advice=advice, unavailable_advice=reach)
        for subject, examine in examinations.items()
    ]


def cluster_findings(_settings: Settings, indices: IndexInspection) -> Sequence[Finding]:
    """Whether the cluster answers, analyses Japanese, takes writes, and is complete. Raises WorkerError."""
    facts = indices.cluster()
    if not facts.kuromoji:
        return [failure(_CLUSTER, f"OpenSearch {facts.version} lacks the analyzer kuromoji.", _NO_KUROMOJI)]
    if blocks := indices.blocks():
        return [failure(_CLUSTER, f"{'; '.join(blocks)}.", _BLOCKED)]
    message = f"version {facts.version}, {facts.status}, kuromoji is installed"
    if facts.status == "red":
        return [warning(_CLUSTER, f"{message}: shards are missing.", "See _cluster/allocation/explain.")]
    return [ok(_CLUSTER, message)]


def files_findings(settings: Settings, indices: IndexInspection) -> Sequence[Finding]:
    """Whether the files index accepts our documents and splits Japanese into words. Raises WorkerError."""
    subject = f"index {settings.index_prefix}{FILES}"
    facts = indices.files()
    if facts is not None and not facts.knows_japanese:
        words = " | ".join(facts.words) or "nothing"
        message = f"{facts.name} does not analyse ocr_text with kuromoji: 営業報告書 becomes {words}."
        return [failure(subject, message, _new_files(subject, facts))]
    if facts is not None and not facts.missing_fields:
        if facts.analysis is None:
            message = f"{facts.name} was made by an older version and has no text analysis of this one."
            return [failure(subject, message, _new_files(subject, facts))]
        if wrong := _wrong_analysis(subject, facts.name, facts.analysis):
            return wrong
    return [_index_finding(subject, facts, _new_files(subject, facts) if facts else "")]


def images_findings(settings: Settings, indices: IndexInspection) -> Sequence[Finding]:
    """Whether the images index accepts our vectors. Raises WorkerError."""
    subject = f"index {settings.index_prefix}{IMAGES}"
    facts = indices.images()
    if facts is not None and not facts.takes_vectors:
        message = f"{facts.name} has no image_vector of {IMAGE_DIMENSION} numbers."
        return [failure(subject, message, _NEW_INDEX)]
    return [_index_finding(subject, facts, _NEW_INDEX)]


def _new_files(subject: str, facts: IndexFacts) -> str:
    """What makes a files index with our mapping; nothing can be put in the place of one without an alias."""
    return _NEW_INDEX if subject == f"index {facts.name}" else _REINDEX


def _wrong_analysis(subject: str, name: str, analysis: AnalysisVersion) -> list[Finding]:
    """The failure of an index that this worker refuses to write to."""
    if analysis.is_writable(OWN_ANALYSIS):
        return []
    remedy = analysis.remedy()
    return [failure(subject, f"{analysis.mismatch(name)}.", f"{remedy[0].upper()}{remedy[1:]}.")]


def _index_finding(subject: str, facts: IndexFacts | None, advice: str) -> Finding:
    if facts is None:
        return ok(subject, "does not exist yet; the worker or `cis-worker init` creates it")
    if facts.missing_fields:
        lacking = ", ".join(facts.missing_fields)
        message = f"{facts.name} lacks {lacking}: documents would be refused, or not be found."
        return failure(subject, message, advice)
    return ok(subject, f"{facts.name}: {facts.documents} entries")


def _inspection(settings: Settings, *, timeout_s: float = _CHECK_S) -> IndexInspection:
    client = connect_from_settings(
        settings, lambda: signing_credentials(region=settings.aws_region), timeout_s=timeout_s
    )
    return IndexInspection(client, prefix=settings.index_prefix)


_CHECKS: Mapping[str, Callable[[Settings], list[Check]]] = {
    "sqlite": sqlite_checks,
    "opensearch": opensearch_checks,
}
