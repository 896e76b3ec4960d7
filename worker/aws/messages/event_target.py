"""EventTarget: where document events go, as CIS_EVENTS_TARGET names it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from worker.errors import MisconfiguredError

_ARN = re.compile(r"arn:[a-z0-9-]+:(events|sns|sqs):([a-z0-9-]+):(\d{12}):(\S+)")
_BUS = re.compile(r"event-bus/\S+")
_AWS_QUEUE = re.compile(r"(?:sqs\.([a-z0-9-]+)|([a-z0-9-]+)\.queue)\.amazonaws\.com(?:\.cn)?")


class TargetKind(StrEnum):
    """The services that events can be sent to; the values are boto3's names of them."""

    EVENT_BUS = "events"
    TOPIC = "sns"
    QUEUE = "sqs"


@dataclass(frozen=True, kw_only=True, slots=True)
class EventTarget:
    """A bus or topic by its ARN, a queue by its URL or ARN. `region` is "" where the address names none."""

    kind: TargetKind
    address: str
    region: str = ""

    @classmethod
    def parse(cls, text: str) -> EventTarget:
        """The target of a setting. Raises MisconfiguredError for anything else."""
        if (arn := _ARN.fullmatch(text)) is not None:
            kind, name = TargetKind(arn[1]), arn[4]
            if kind is TargetKind.EVENT_BUS and not _BUS.fullmatch(name):
                raise MisconfiguredError(_explain(text, "an ARN of EventBridge must be that of an event bus"))
            if kind is not TargetKind.EVENT_BUS and ("/" in name or ":" in name):
                raise MisconfiguredError(_explain(text, "it is no topic and no queue"))
            return cls(kind=kind, address=text, region=arn[2])
        try:
            url = urlsplit(text)
            host = url.hostname or ""
        except ValueError:
            host = ""
        if not host or url.scheme not in ("http", "https") or not url.path.strip("/"):
            raise MisconfiguredError(_explain(text, "it is neither"))
        found = _AWS_QUEUE.fullmatch(host)
        region = (found[1] or found[2]) if found else ""
        return cls(kind=TargetKind.QUEUE, address=text, region=region)

    @property
    def name(self) -> str:
        """The last part of the address: the name of the bus, topic or queue."""
        return re.split(r"[/:]", self.address.rstrip("/"))[-1]

    @property
    def is_ordered(self) -> bool:
        """Whether it is a FIFO queue or topic, which wants a group and an id of each message."""
        return self.kind is not TargetKind.EVENT_BUS and self.address.endswith(".fifo")

    def is_queue(self, url: str) -> bool:
        """Whether it is the queue of a URL, of the same account where it is an ARN."""
        if self.kind is not TargetKind.QUEUE:
            return False
        if not self.address.startswith("arn:"):
            return self.address.rstrip("/") == url.rstrip("/")
        account = self.address.split(":")[4]
        return url.rstrip("/").endswith(f"/{account}/{self.name}")


def _explain(text: str, why: str) -> str:
    return (
        f"CIS_EVENTS_TARGET is {text!r}: {why}. Give the ARN of an EventBridge bus "
        "(arn:aws:events:REGION:ACCOUNT:event-bus/NAME) or of an SNS topic, or an SQS queue's URL or ARN."
    )
