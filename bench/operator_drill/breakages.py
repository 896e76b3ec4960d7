"""The ten ways: how each breaks its documents, which command helps, and what must be so afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bench.operator_drill.deployment import Deployment
from worker.aws.file_table import Commit
from worker.document.artifacts import ArtifactStore
from worker.errors import Code
from worker.models.document import Extraction
from worker.models.ledger import State

_WRONG = "a text that an older pipeline got wrong"


@dataclass(frozen=True, kw_only=True, slots=True)
class Breakage:
    """One way. `breaks` is called for each document, `is_fixed` says whether one is as it must be."""

    name: str
    what: str
    kind: str
    command: tuple[str, ...]
    breaks: Callable[[Deployment, str], None]
    is_fixed: Callable[[Deployment, str], bool]
    expected: str


def _dead_letter(code: Code) -> Callable[[Deployment, str], None]:
    return lambda deployment, key: deployment.dead_letter(key, code)


def _redrive(name: str, code: str) -> tuple[str, ...]:
    return ("dlq", "redrive", "--reason", code, "--prefix", f"{name}/")


def _worker_crashed(deployment: Deployment, key: str) -> None:
    deployment.dead_letter(key, Code.WORKER_CRASHED)
    deployment.change_row(key, crash_strikes=3)


def _moved_by_sqs(deployment: Deployment, key: str) -> None:
    """SQS moved the message; the row is still held by the last worker that died, after two failures."""
    sqs, resources = deployment.stack.clients.sqs, deployment.stack.resources
    sent = sqs.send_message(QueueUrl=resources.dlq_url, MessageBody=deployment.body(key))
    for _ in range(2):
        claim = deployment.claim(key, sent["MessageId"]).claim
        deployment.table.record_failure(claim, code=Code.TIMEOUT, message="took too long")
    deployment.claim(key, sent["MessageId"])


def _gone_since(deployment: Deployment, key: str) -> None:
    deployment.dead_letter(key, Code.TOO_MANY_FAILURES)
    deployment.delete(key)


def _newer_since(deployment: Deployment, key: str) -> None:
    deployment.dead_letter(key, Code.TOO_MANY_FAILURES)
    deployment.put(key, f"newer {key}".encode())


def _foreign(deployment: Deployment, key: str) -> None:
    url = deployment.stack.resources.dlq_url
    deployment.stack.clients.sqs.send_message(
        QueueUrl=url,
        MessageBody=f"<order>{key}</order>",
        MessageAttributes={
            "cis": {"DataType": "String", "StringValue": '{"code": "malformed_message", "reason": "no JSON"}'}
        },
    )


def _cut_short(deployment: Deployment, key: str) -> None:
    """The file ran into a time limit that was too low: it is partial, and its text lacks most."""
    claim = deployment.claim(key, "drill").claim
    old = deployment.row(key)
    deployment.table.commit(
        claim,
        Commit(
            state=State.PARTIAL,
            reason=Code.TIMEOUT,
            reason_message="broken by the drill",
            content_hash=old.content_hash,
            artifact_key=old.artifact_key,
            file_type=None,
            size_bytes=old.size_bytes,
        ),
    )


def _old_pipeline(deployment: Deployment, key: str) -> None:
    row = deployment.row(key)
    store = ArtifactStore(deployment.storage, extraction_key=(row.artifact_key or "").rpartition("-")[2])
    extraction = store.open(row.artifact_key or "", None)
    if extraction is None:
        raise LookupError(f"{key} has no artifact")
    pages = tuple(replace(page, text=_WRONG) for page in extraction.pages)
    store.save(row.content_hash or "", Extraction(file_type=extraction.file_type, pages=pages))
    document = deployment.index.document(row.file_id)
    if document is not None:
        deployment.index.index_document(replace(document, pages=pages), version=row.fence)
    deployment.change_row(key, pipeline_version="3")


def _damage_thumbnail(deployment: Deployment, key: str) -> None:
    bucket, row = deployment.stack.resources.results_bucket, deployment.row(key)
    deployment.stack.clients.s3.put_object(Bucket=bucket, Key=row.thumbnail_key or "", Body=b"damaged")


def _damage_vector(deployment: Deployment, key: str) -> None:
    row = deployment.row(key)
    document = deployment.index.document(row.file_id)
    if document is None or document.vectors.image is None:
        raise LookupError(f"{key} has no vector")
    wrong = tuple(1.0 if place == 0 else 0.0 for place in range(len(document.vectors.image)))
    vectors = replace(document.vectors, image=wrong)
    deployment.index.index_document(replace(document, vectors=vectors), version=row.fence)
    s3, bucket = deployment.stack.clients.s3, deployment.stack.resources.results_bucket
    for each in s3.list_objects_v2(Bucket=bucket, Prefix=f"vectors/{row.content_hash}/")["Contents"]:
        s3.put_object(Bucket=bucket, Key=each["Key"], Body=str(list(wrong)).encode())


def _damage_picture(deployment: Deployment, key: str) -> None:
    _damage_thumbnail(deployment, key)
    _damage_vector(deployment, key)


def _text(deployment: Deployment, key: str) -> str:
    document = deployment.index.document(deployment.message(key).file_id)
    return document.pages[0].text if document is not None and document.pages else ""


def _is_indexed(deployment: Deployment, key: str) -> bool:
    row = deployment.row(key)
    is_free = (row.failures, row.crash_strikes, row.owner, row.reason) == (0, 0, None, None)
    return row.state is State.INDEXED and is_free and key in _text(deployment, key)


def _is_tombstoned(deployment: Deployment, key: str) -> bool:
    return deployment.row(key).state is State.TOMBSTONED and not _text(deployment, key)


def _is_newer(deployment: Deployment, key: str) -> bool:
    return deployment.row(key).state is State.INDEXED and _text(deployment, key) == f"newer {key}"


def _has_thumbnail(deployment: Deployment, key: str) -> bool:
    bucket, row = deployment.stack.resources.results_bucket, deployment.row(key)
    answer = deployment.stack.clients.s3.get_object(Bucket=bucket, Key=row.thumbnail_key or "")
    return row.state is State.INDEXED and answer["Body"].read()[8:12] == b"WEBP"


def _has_vector(deployment: Deployment, key: str) -> bool:
    document = deployment.index.document(deployment.message(key).file_id)
    vector = document.vectors.image if document is not None else None
    return vector is not None and sum(1 for value in vector if value) > 1


def _is_purged(deployment: Deployment, key: str) -> bool:
    _, output, _ = deployment.command("dlq", "list", "--reason", "malformed_message", "--json")
    return key not in output


BREAKAGES: Sequence[Breakage] = (
    Breakage(
        name="failures",
        what="three attempts failed; the cause is fixed",
        kind="txt",
        command=_redrive("failures", "too_many_failures"),
        breaks=_dead_letter(Code.TOO_MANY_FAILURES),
        is_fixed=_is_indexed,
        expected="indexed, counts 0",
    ),
    Breakage(
        name="forbidden",
        what="the role could not read the bucket",
        kind="txt",
        command=_redrive("forbidden", "source_forbidden"),
        breaks=_dead_letter(Code.SOURCE_FORBIDDEN),
        is_fixed=_is_indexed,
        expected="indexed, counts 0",
    ),
    Breakage(
        name="crashed",
        what="killed its worker three times (3 strikes)",
        kind="txt",
        command=_redrive("crashed", "worker_crashed"),
        breaks=_worker_crashed,
        is_fixed=_is_indexed,
        expected="indexed, strikes 0",
    ),
    Breakage(
        name="moved",
        what="moved by SQS; row still held, `processing`",
        kind="txt",
        command=_redrive("moved", "moved_by_sqs"),
        breaks=_moved_by_sqs,
        is_fixed=_is_indexed,
        expected="indexed, counts 0",
    ),
    Breakage(
        name="gone",
        what="dead-lettered, then deleted (event lost)",
        kind="txt",
        command=_redrive("gone", "too_many_failures"),
        breaks=_gone_since,
        is_fixed=_is_tombstoned,
        expected="tombstoned",
    ),
    Breakage(
        name="newer",
        what="dead-lettered, then overwritten and indexed",
        kind="txt",
        command=_redrive("newer", "too_many_failures"),
        breaks=_newer_since,
        is_fixed=_is_newer,
        expected="indexed, newer text kept",
    ),
    Breakage(
        name="foreign",
        what="messages of another program",
        kind="txt",
        command=("dlq", "purge", "--reason", "malformed_message", "--yes"),
        breaks=_foreign,
        is_fixed=_is_purged,
        expected="purged",
    ),
    Breakage(
        name="timeout",
        what="partial: a time limit was too low",
        kind="txt",
        command=("rerun", "--reason", "timeout", "--prefix", "timeout/"),
        breaks=_cut_short,
        is_fixed=_is_indexed,
        expected="indexed, whole text",
    ),
    Breakage(
        name="pipeline",
        what="text of an older pipeline is wrong",
        kind="txt",
        command=("rerun", "--older-than-pipeline"),
        breaks=_old_pipeline,
        is_fixed=_is_indexed,
        expected="indexed, right text",
    ),
    Breakage(
        name="pictures",
        what="thumbnails and vectors are damaged",
        kind="png",
        command=("rerun", "--type", "png", "--prefix", "pictures/", "--thumbnails", "--vectors"),
        breaks=_damage_picture,
        is_fixed=lambda deployment, key: _has_thumbnail(deployment, key) and _has_vector(deployment, key),
        expected="drawn and embedded again",
    ),
)
