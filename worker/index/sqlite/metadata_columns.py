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
from worker.models.mail_fields import MailFields
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
    if properties.mail is not None:
        _insert_mail(connection, file, properties.mail)


def _insert_mail(connection: sqlite3.Connection, file: int, mail: MailFields) -> None:
    """Insert the headers of a mail, and the same folded, as they are compared."""
    sender, subject = normalise(mail.sender), normalise(mail.subject)
    recipients = [normalise(each) for each in mail.recipients]
    shown = (sender, json.dumps(recipients, ensure_ascii=False), subject, mail.sent)
    folded = (fold(sender), fold("\n".join(recipients)), fold(subject))
    connection.execute("INSERT INTO file_mails VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (file, *shown, *folded))


def load_metadata(connection: sqlite3.Connection, file: int) -> FileMetadata:
    """What is known of a file; nothing of one that an older format holds."""
    row = connection.execute("SELECT * FROM file_metadata WHERE file = ?", (file,)).fetchone()
    if row is None:
        return NO_METADATA
    groups = connection.execute("SELECT name FROM file_groups WHERE file = ? ORDER BY name", (file,))
    return FileMetadata(
        uploaded_at=row["uploaded_at"],
        last_modified=row["last_modified"],
        mime_type=row["mime_type"],
        allowed_groups=tuple(name for (name,) in groups),
        properties=Properties(
            **{name: row[name] for name in ("title", "author", "created", "modified")},
            mail=_load_mail(connection, file),
        ),
    )


def _load_mail(connection: sqlite3.Connection, file: int) -> MailFields | None:
    row = connection.execute("SELECT * FROM file_mails WHERE file = ?", (file,)).fetchone()
    if row is None:
        return None
    return MailFields(
        sender=row["sender"],
        recipients=tuple(json.loads(row["recipients"])),
        subject=row["subject"],
        sent=row["sent"],
    )


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
