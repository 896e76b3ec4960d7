"""The SQLite index's tables of what is known of a file beside its text.

`file_facts` has what searches sort, fold and count by: its rows are small, for each match needs one.
"""

# ruff: noqa: S608 - what is put into a statement is our own; every value is bound
from __future__ import annotations

import json
import sqlite3

from worker.index.analysis.characters import replace_surrogates
from worker.index.file_facts import Groups, copy_key, top_folder
from worker.index.query import fold, normalise
from worker.models.document import Document
from worker.models.ledger import State
from worker.models.mail_fields import MailFields, MemberMails
from worker.models.metadata import NO_METADATA, FileMetadata, Properties

MAIL_TABLE = """
CREATE TABLE file_mails (
    file INTEGER PRIMARY KEY REFERENCES files (id) ON DELETE CASCADE,
    sender TEXT NOT NULL, recipients TEXT NOT NULL, subject TEXT NOT NULL, sent TEXT NOT NULL,
    folded_sender TEXT NOT NULL, folded_recipients TEXT NOT NULL, folded_subject TEXT NOT NULL
)
"""
TABLES = (
    """
CREATE TABLE file_facts (
    file INTEGER PRIMARY KEY REFERENCES files (id) ON DELETE CASCADE,
    copy TEXT NOT NULL, dated TEXT NOT NULL, file_type TEXT NOT NULL, folder TEXT NOT NULL,
    state TEXT NOT NULL, language TEXT, is_limited INTEGER NOT NULL
);
CREATE TABLE file_metadata (
    file INTEGER PRIMARY KEY REFERENCES files (id) ON DELETE CASCADE,
    uploaded_at TEXT NOT NULL, last_modified TEXT NOT NULL, mime_type TEXT NOT NULL,
    title TEXT NOT NULL, author TEXT NOT NULL, created TEXT NOT NULL, modified TEXT NOT NULL
);
CREATE TABLE file_groups (
    file INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE, name TEXT NOT NULL,
    PRIMARY KEY (file, name)
) WITHOUT ROWID;
"""
    + MAIL_TABLE
)

FACET_COLUMNS = "file_type, strftime('%Y', dated, 'localtime'), folder, state, language"
"""The values of FACETS; years are those of the machine that searches, as the days of a filter are."""


def insert_metadata(connection: sqlite3.Connection, file: int, document: Document) -> None:
    """Insert what is known of a document that has no such rows yet; nothing of a tombstone."""
    if document.state is State.TOMBSTONED:
        return
    metadata = document.metadata
    groups = [replace_surrogates(name) for name in metadata.allowed_groups]
    facts = (
        *(file, copy_key(document), metadata.date, document.file_type),
        *(
            replace_surrogates(top_folder(document.file_path)),
            document.state,
            document.language,
            bool(groups),
        ),
    )
    connection.execute("INSERT INTO file_facts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", facts)
    properties = metadata.properties
    values = (
        *(metadata.uploaded_at, metadata.last_modified, replace_surrogates(metadata.mime_type)),
        *(properties.title, properties.author, properties.created, properties.modified),
    )
    connection.execute("INSERT INTO file_metadata VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (file, *values))
    connection.executemany(
        "INSERT OR IGNORE INTO file_groups VALUES (?, ?)", ((file, name) for name in groups)
    )
    if properties.mail is not None or properties.member_mails is not None:
        _insert_mails(connection, file, properties.mail, properties.member_mails)


def _insert_mails(
    connection: sqlite3.Connection, file: int, mail: MailFields | None, within: MemberMails | None
) -> None:
    """Insert the headers of a mail and of those within a document, and the same folded, as they are compared.

    Where there are mails within, `recipients` has these in JSON beside its own, which are null for no mail.
    """
    shown, members = mail or MailFields(), within or MemberMails()
    sender, subject = normalise(shown.sender), normalise(shown.subject)
    recipients = [normalise(each) for each in shown.recipients]
    others = MemberMails(
        senders=tuple(map(normalise, members.senders)),
        recipients=tuple(map(normalise, members.recipients)),
        subjects=tuple(map(normalise, members.subjects)),
    )
    kept: object = recipients
    if within is not None:
        kept = {"mail": recipients if mail is not None else None, "members": others.as_dict()}
    folded = (
        fold("\n".join((sender, *others.senders))),
        fold("\n".join((*recipients, *others.recipients))),
        fold("\n".join((subject, *others.subjects))),
    )
    row = (file, sender, json.dumps(kept, ensure_ascii=False), subject, shown.sent)
    connection.execute("INSERT INTO file_mails VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, *folded))


def load_metadata(connection: sqlite3.Connection, file: int) -> FileMetadata:
    """What is known of a file; nothing of one that an older format holds."""
    row = connection.execute("SELECT * FROM file_metadata WHERE file = ?", (file,)).fetchone()
    if row is None:
        return NO_METADATA
    groups = connection.execute("SELECT name FROM file_groups WHERE file = ? ORDER BY name", (file,))
    mail, within = _load_mails(connection, file)
    return FileMetadata(
        uploaded_at=row["uploaded_at"],
        last_modified=row["last_modified"],
        mime_type=row["mime_type"],
        allowed_groups=tuple(name for (name,) in groups),
        properties=Properties(
            **{name: row[name] for name in ("title", "author", "created", "modified")},
            mail=mail,
            member_mails=within,
        ),
    )


def _load_mails(connection: sqlite3.Connection, file: int) -> tuple[MailFields | None, MemberMails | None]:
    """The headers of a mail, and of those within a document; see `_insert_mails`."""
    row = connection.execute("SELECT * FROM file_mails WHERE file = ?", (file,)).fetchone()
    if row is None:
        return None, None
    recipients, within = json.loads(row["recipients"]), None
    if isinstance(recipients, dict):
        recipients, within = recipients["mail"], MemberMails.from_dict(recipients["members"])
    if recipients is None:
        return None, within
    mail = MailFields(
        sender=row["sender"], recipients=tuple(recipients), subject=row["subject"], sent=row["sent"]
    )
    return mail, within


def mail_condition(file: str, column: str, part: str) -> str:
    """The condition that a mail has a part in a header; all are SQL."""
    return f"EXISTS (SELECT 1 FROM file_mails AS mails WHERE mails.file = {file} AND instr({column}, {part}))"


def group_condition(file: str, groups: str) -> str:
    """The condition that a file may be seen; both are SQL, `groups` that of a list in JSON, NULL for all."""
    return (
        f"({groups} IS NULL OR EXISTS (SELECT 1 FROM file_facts AS seen WHERE seen.file = {file} AND "
        f"(NOT seen.is_limited OR EXISTS (SELECT 1 FROM file_groups WHERE file_groups.file = {file} "
        f"AND name IN (SELECT value FROM json_each({groups}))))))"
    )


def groups_value(groups: Groups) -> str | None:
    """The value for `group_condition`."""
    return None if groups is None else json.dumps([replace_surrogates(name) for name in groups])


def date_condition(file: str, operator: str, time: str) -> str:
    """The condition that a file has a date on one side of a time; both are SQL."""
    return (
        f"EXISTS (SELECT 1 FROM file_facts AS dates WHERE dates.file = {file} "
        f"AND dated != '' AND dated {operator} {time})"
    )
