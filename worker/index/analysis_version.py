"""Which analysis an index has, and whether this process may write to it."""

from __future__ import annotations

from dataclasses import dataclass

from worker.errors import MisconfiguredError
from worker.index.analysis.streams import VERSION
from worker.index.analysis.words import NO_DICTIONARY


@dataclass(frozen=True, kw_only=True, slots=True)
class AnalysisVersion:
    """The number of the analysis, and its dictionary of Japanese words or "none"."""

    number: str
    dictionary: str

    @classmethod
    def parse(cls, text: str) -> AnalysisVersion:
        """What an index says of itself, as `str` writes it."""
        number, _, dictionary = text.partition(" ")
        return cls(number=number, dictionary=dictionary)

    def __str__(self) -> str:
        """`1 sudachidict-core 20261015`."""
        return f"{self.number} {self.dictionary}"

    @property
    def has_words(self) -> bool:
        """Whether the index knows Japanese words."""
        return self.dictionary != NO_DICTIONARY

    def is_writable(self, own: AnalysisVersion) -> bool:
        """Whether `own` makes the tokens that this index has; without words every dictionary does."""
        return self.number == own.number and (not self.has_words or self.dictionary == own.dictionary)

    def is_behind(self, own: AnalysisVersion) -> bool:
        """Whether `own` is a later one, and knows all that this one does."""
        is_later = self.number.isdecimal() and int(self.number) < int(own.number)
        return is_later and (own.has_words or not self.has_words)

    def check_writable(self, index: str) -> None:
        """Raise MisconfiguredError where the tokens of this process would not be found in `index`."""
        if not self.is_writable(OWN_ANALYSIS):
            raise MisconfiguredError(f"{self.mismatch(index)}: {self.remedy()}")

    def mismatch(self, index: str) -> str:
        """What is wrong where this process cannot write to `index`, as a clause."""
        return (
            f"{index} was made with text analysis {self}, and this worker has {OWN_ANALYSIS}, whose words "
            "would not be found in it"
        )

    def remedy(self) -> str:
        """What to do then, as a clause."""
        own = OWN_ANALYSIS
        if self.number == own.number and not own.has_words:
            return f"install the extra `japanese` ({self.dictionary}), or re-index with `cis-worker reindex`"
        return "run the version that made it, or re-index with `cis-worker reindex`"


OWN_ANALYSIS = AnalysisVersion.parse(VERSION)
"""That of this process."""
