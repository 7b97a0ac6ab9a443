"""What is wrong with a ledger, each named with where it is."""

from __future__ import annotations

from dataclasses import dataclass, field

# More are counted, and not told: a ledger that is all wrong must not fill the memory.
MOST_TOLD = 1_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
        code: What kind of thing, such as `balance_differs`.
        message: What is there and what should be, for a person.
        where: The transaction's number, currency, symbol or execution.
    """

    code: str
    message: str
    where: str


@dataclass(slots=True)
class Findings:
    """Findings as they come, counted, and told as far as there is room."""

    told: list[Finding] = field(default_factory=list)
    count: int = 0

    def add(self, code: str, where: object, message: str) -> None:
        """Add one."""
        self.count += 1
        if len(self.told) < MOST_TOLD:
            self.told.append(Finding(code, message, str(where)))
