"""What one case took, added up from the worker's log and its metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

# List prices of ap-northeast-1 in USD, November 2026, as docs/cost.md has them; a test compares.
PRICES_USD: Mapping[str, float] = {
    "s3_thousand_puts": 0.0047,
    "s3_thousand_gets": 0.00037,
    "sqs_million_requests": 0.40,
    "dynamodb_million_writes": 0.715,
    "dynamodb_million_reads": 0.143,
    "image_thousand": 0.06,
    "text_million_tokens": 0.10,
}
# DeleteObjects is free, as the removal of objects is.
_GETS = ("GetObject", "HeadObject", "HeadBucket")
_FREE = ("DeleteObject", "DeleteObjects")
_NAMES = {
    "s3": "S3",
    "dynamodb": "DynamoDB",
    "sqs": "SQS",
    "opensearch": "OpenSearch",
    "bedrock-runtime": "Bedrock",
}


@dataclass(kw_only=True, slots=True)
class CaseCost:
    """The calls by service and operation, and what else is charged or stored."""

    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    stored_bytes: Counter[str] = field(default_factory=Counter)
    tokens: int = 0
    pictures: int = 0
    ocr_cpu_s: float = 0.0

    def add_lines(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """Add the costs in lines of the log: of documents, and of attempts that did not get through."""
        for line in lines:
            if "operations" not in line:
                continue
            for service, operations in line["operations"].items():
                for operation, number in operations.items():
                    self.calls[service, operation] += number
            self.stored_bytes.update(line["stored_bytes"])
            self.tokens += line["bedrock_tokens"]
            self.pictures += line["bedrock_pictures"]
            self.ocr_cpu_s += line["ocr_cpu_s"]

    def of(self, service: str) -> int:
        """All calls of a service."""
        return sum(number for (name, _), number in self.calls.items() if name == service)

    @property
    def s3_gets(self) -> int:
        """Requests at the price of a GET."""
        return sum(number for (_, operation), number in self.calls.items() if operation in _GETS)

    @property
    def s3_puts(self) -> int:
        """Requests at the price of a PUT."""
        free = sum(number for (_, operation), number in self.calls.items() if operation in _FREE)
        return self.of("s3") - self.s3_gets - free

    @property
    def usd(self) -> float:
        """The price of calls and embeddings, without machine, log and storage."""
        reads = self.calls["dynamodb", "GetItem"]
        price = PRICES_USD
        return (
            self.s3_puts * price["s3_thousand_puts"] / 1e3
            + self.s3_gets * price["s3_thousand_gets"] / 1e3
            + self.of("sqs") * price["sqs_million_requests"] / 1e6
            + (self.of("dynamodb") - reads) * price["dynamodb_million_writes"] / 1e6
            + reads * price["dynamodb_million_reads"] / 1e6
            + self.pictures * price["image_thousand"] / 1e3
            + self.tokens * price["text_million_tokens"] / 1e6
        )

    def describe(self) -> str:
        """One line: calls, then what else there is."""
        parts = [f"{name} {self.of(service)}" for service, name in _NAMES.items()]
        parts[0] += f" ({self.s3_puts} PUT, {self.s3_gets} GET)"
        if self.tokens or self.pictures:
            parts.append(f"{self.tokens} tokens, {self.pictures} pictures")
        if self.ocr_cpu_s:
            parts.append(f"OCR {self.ocr_cpu_s:.1f} CPU-s")
        stored = ", ".join(
            f"{kind} {size / 1e3:.1f}" for kind, size in sorted(self.stored_bytes.items()) if size
        )
        if stored:
            parts.append(f"KB: {stored}")
        parts.append(f"{1_000 * self.usd:.4f} USD a thousand")
        return "; ".join(parts)
