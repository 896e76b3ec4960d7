"""A home goes to a fleet: what is sent, in which order, and what is not sent again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from moto import mock_aws

from worker.aws.clients import Clients, make_clients
from worker.aws.file_table import Commit, FileTable
from worker.aws.provisioning import provision
from worker.aws.scans.event_sender import EventSender
from worker.aws.storage_handler import StorageHandler
from worker.home.folder import Home
from worker.home.manifest import ManifestEntry
from worker.home.transfer.publication import Publication, PublishCounts, fleet_extraction_key
from worker.home.transfer.published_file import PublishedFile
from worker.maintenance.progress import ProgressMeter
from worker.models.file import EventType, FileMessage
from worker.models.ledger import Claim, State

pytestmark = pytest.mark.unit


@dataclass
class Cloud:
    """A fleet's queue, buckets and table, and a home beside them."""

    clients: Clients
    queue_url: str
    table: FileTable
    folder: Path
    notes: list[tuple[str, str]] = field(default_factory=list)

    def file(self, name: str, content: bytes = b"text", made_with: str = "key m t") -> ManifestEntry:
        path, sha256 = self.folder / "docs" / name, hashlib.sha256(content).hexdigest()
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        artifact = self.folder / "home" / "artifacts" / sha256 / "txt-key"
        artifact.parent.mkdir(parents=True, exist_ok=True)
        artifact.write_bytes(b"pages")
        return ManifestEntry(
            path=str(path),
            file_id="f",
            size_bytes=len(content),
            mtime_ns=path.stat().st_mtime_ns,
            sha256=sha256,
            made_with=made_with,
            state=State.INDEXED,
        )

    def publish(
        self,
        *entries: ManifestEntry,
        dry: bool = False,
        stops: tuple[bool, ...] = (),
        groups: tuple[str, ...] = (),
    ) -> Publication:
        asked = iter(stops)
        publication = Publication(
            home=Home(folder=self.folder / "home"),
            bucket="source",
            prefix="nas/",
            storage=StorageHandler(self.clients.s3, results_bucket="results"),
            table=self.table,
            sender=EventSender(client=self.clients.sqs, queue_url=self.queue_url),
            fleet_key=fleet_extraction_key(self.table),
            meter=ProgressMeter(lambda _: None),
            note=lambda path, why: self.notes.append((path, why)),
            is_stopped=lambda: next(asked, False),
            dry=dry,
            groups=groups,
        )
        assert publication.run(entries) is not any(stops)
        return publication

    def keys(self, bucket: str) -> list[str]:
        return StorageHandler(self.clients.s3, results_bucket=bucket).keys("")

    def bodies(self) -> list[dict[str, object]]:
        answer = self.clients.sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]

    def commit(self, key: str, *, artifact_key: str, version: str) -> None:
        """What a worker of the fleet leaves of a file."""
        message = FileMessage(event_type=EventType.FILE_UPLOADED, bucket="source", key=key)
        row = self.table.claim(message, message_id="m", version=version, seen=None, attempt="a")
        claim = Claim(file_id=row.file_id, fence=row.fence, attempt="a", message_id="m")
        self.table.commit(claim, Commit(state=State.INDEXED, artifact_key=artifact_key, content_hash="aa"))


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with mock_aws():
        clients = make_clients()
        made = provision(
            clients, queue_name="q", dlq_name="dlq", buckets=["source", "results"], table="files"
        )
        table = FileTable(clients.dynamodb, table="files", owner="w", pipeline_version="1")
        yield Cloud(clients=clients, queue_url=made[0].identifier, table=table, folder=tmp_path)


def test_results_originals_and_a_message_for_each_file_are_sent(cloud: Cloud) -> None:
    one, copy = cloud.file("営業.txt"), cloud.file("copy.txt")
    counts = cloud.publish(one, copy).counts
    assert counts == PublishCounts(files=2, originals=2, results=1, messages=2, sent_bytes=4 + 4 + 5)
    assert cloud.keys("results") == [f"artifacts/{one.sha256}/txt-key"]
    assert cloud.keys("source") == sorted(f"nas/{each.path.lstrip('/')}" for each in (one, copy))
    assert {(each["s3Key"], each["metadata"]["originalPath"]) for each in cloud.bodies()} == {  # type: ignore[index]
        (f"nas/{each.path.lstrip('/')}", each.path) for each in (one, copy)
    }


def test_a_long_path_in_kanji_is_not_in_the_metadata_that_s3_limits(cloud: Cloud) -> None:
    names = ["営業.txt", "/".join(["営" * 80] * 3)]
    (cloud.folder / "docs" / names[1]).parent.mkdir(parents=True)
    cloud.publish(*map(cloud.file, names))
    for key in cloud.keys("source"):
        metadata = cloud.clients.s3.head_object(Bucket="source", Key=key)["Metadata"]
        assert sum(map(len, (*metadata, *metadata.values()))) <= 2_048
        assert ("original-path" in metadata) is key.endswith("営業.txt")


def test_a_dry_run_counts_the_same_and_sends_nothing(cloud: Cloud) -> None:
    entry = cloud.file("a.txt")
    dry = cloud.publish(entry, dry=True).counts
    assert (cloud.keys("results"), cloud.keys("source"), cloud.bodies()) == ([], [], [])
    assert cloud.publish(entry).counts == dry


def test_what_is_there_is_not_sent_again_and_what_the_fleet_knows_not_queued(cloud: Cloud) -> None:
    entry = cloud.file("a.txt")
    first = cloud.publish(entry)
    again = cloud.publish(entry).counts
    assert again == PublishCounts(files=1, messages=1)
    key = f"nas/{entry.path.lstrip('/')}"
    version = first.storage.head("source", key).version
    cloud.commit(key, artifact_key="artifacts/aa/txt-key", version=version)
    assert cloud.publish(entry).counts == PublishCounts(files=1, known=1)


def test_a_changed_original_is_sent_again_though_the_fleet_knows_the_former(cloud: Cloud) -> None:
    first = cloud.publish(cloud.file("a.txt", b"old"))
    key = cloud.keys("source")[0]
    version = first.storage.head("source", key).version
    cloud.commit(key, artifact_key="artifacts/aa/txt-key", version=version)
    newer = cloud.file("a.txt", b"newer")
    counts = cloud.publish(newer).counts
    assert (counts.originals, counts.messages, counts.known) == (1, 1, 0)
    # A run that ended before its message left the object only.
    counts = cloud.publish(newer).counts
    assert (counts.originals, counts.messages, counts.known) == (0, 1, 0)


def test_what_will_be_read_again_is_counted(cloud: Cloud) -> None:
    cut = cloud.file("cut.txt", b"cut", "key m t limits 12")
    assert cloud.publish(cut, dry=True).counts.limited == 1
    cloud.commit("other.txt", artifact_key="artifacts/aa/txt-key", version="v")
    assert cloud.publish(cloud.file("a.txt"), dry=True).counts.others == 0
    counts = cloud.publish(cloud.file("b.txt", b"b", "formerkey m t"), cut, dry=True).counts
    assert (counts.others, counts.limited) == (1, 1)


def test_files_that_are_gone_are_named_and_the_others_sent(cloud: Cloud) -> None:
    gone, here = cloud.file("gone.txt", b"1"), cloud.file("here.txt", b"2")
    Path(gone.path).unlink()
    counts = cloud.publish(gone, here).counts
    assert (counts.unfit, counts.messages) == (1, 1)
    assert cloud.notes == [(gone.path, "No such file or directory")]


def test_a_stop_ends_it_between_two_files_and_the_next_run_goes_on(cloud: Cloud) -> None:
    entries = [cloud.file(f"{number}.txt", b"%d" % number) for number in range(3)]
    counts = cloud.publish(*entries, stops=(False, False, True)).counts
    assert (counts.files, counts.originals, counts.messages) == (2, 2, 2)
    assert len(cloud.bodies()) == 2
    counts = cloud.publish(*entries).counts
    assert (counts.files, counts.originals) == (3, 1)


def test_the_originals_name_who_may_see_them(cloud: Cloud) -> None:
    storage, entry = StorageHandler(cloud.clients.s3, results_bucket="results"), cloud.file("a.txt")
    cloud.publish(entry)
    (key,) = cloud.keys("source")
    assert storage.head("source", key).groups == ()
    assert cloud.publish(entry, groups=("営業", "board")).counts.originals == 1
    assert storage.head("source", key).groups == ("営業", "board")
    # A run without them does not open what is there to everyone.
    assert cloud.publish(entry).counts.originals == 0
    assert storage.head("source", key).groups == ("営業", "board")


def test_a_fleet_that_has_read_nothing_has_no_known_key(cloud: Cloud) -> None:
    assert fleet_extraction_key(cloud.table) is None
    cloud.commit("a.txt", artifact_key="artifacts/aa/pdf-0123", version="v")
    assert fleet_extraction_key(cloud.table) == "0123"


def test_a_file_that_is_gone_when_it_is_to_be_sent_is_left_out_and_named(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = [cloud.file("a.txt"), cloud.file("b.txt", b"other")]
    results = Publication._send_results

    def remove_first(publication: Publication, file: PublishedFile) -> None:
        results(publication, file)
        if file.entry.path.endswith("a.txt"):
            Path(file.entry.path).unlink()

    monkeypatch.setattr(Publication, "_send_results", remove_first)
    counts = cloud.publish(*entries).counts
    assert (counts.originals, counts.messages, counts.unfit) == (1, 1, 1)
    assert cloud.notes == [(entries[0].path, "No such file or directory")]
    assert cloud.keys("source") == [f"nas/{entries[1].path.lstrip('/')}"]
