"""Collecting everything that is wrong with a strategy before telling any of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.core.errors import ErrorDetail
from apps.strategies.errors import StrategyInvalid

if TYPE_CHECKING:
    from apps.core.errors import ApplicationError


class Findings:
    """The faults found so far, in the order of the definition."""

    def __init__(self) -> None:
        self._details: list[ErrorDetail] = []

    def add(self, kind: type[ApplicationError], attr: str, message: str) -> None:
        """Note one fault.

        Args:
            kind: The error whose code the finding carries.
            attr: Where, dotted: `indicators.fast_ma.parameters.period`.
            message: What is wrong and what would be right.
        """
        self._details.append(ErrorDetail(kind.code, message, attr))

    def add_error(self, error: ApplicationError, attr: str) -> None:
        """Note all that an error tells, as found at `attr`."""
        for detail in error.details:
            self._details.append(ErrorDetail(detail.code, detail.message, attr))

    def raise_if_any(self) -> None:
        """Raise one `StrategyInvalid` with every finding, if there is one.

        Raises:
            StrategyInvalid: `details` holds the findings; the message is the first
                and how many more there are.
        """
        if not self._details:
            return
        first = self._details[0]
        more = len(self._details) - 1
        also = f" (and {more} more)" if more else ""
        message = f"{first.attr or 'strategy'}: {first.message}{also}"
        raise StrategyInvalid(message, attr=first.attr, details=tuple(self._details))
