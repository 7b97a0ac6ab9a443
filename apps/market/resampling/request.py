"""What a caller asks to be made of stored candles or trades, and as JSON for the job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from apps.market.enums import Timeframe


@dataclass(frozen=True, slots=True)
class ResampleRequest:
    """Which longer bars to make, and of what: of a series or of an instrument's trades.

    Attributes:
        timeframe: The length of the bars to make.
        series_id: The series whose bars are taken.
        instrument_id: The instrument whose trades are taken.
        gaps_are_empty: Whether bars that are confirmed to be missing at the exchange
            count as nothing; else a hole makes a hole.
        flat: Whether a stretch without a trade makes a flat bar at the last close.
        replace: Whether bars with other numbers overwrite those that are stored.
    """

    timeframe: Timeframe
    series_id: UUID | None = None
    instrument_id: UUID | None = None
    gaps_are_empty: bool = False
    flat: bool = False
    replace: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the request for a job's payload."""
        return {
            "timeframe": self.timeframe.value,
            "series": _text(self.series_id),
            "instrument": _text(self.instrument_id),
            "gaps_are_empty": self.gaps_are_empty,
            "flat": self.flat,
            "replace": self.replace,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return the request that `as_json` wrote."""
        return cls(
            timeframe=Timeframe(data["timeframe"]),
            series_id=_id(data["series"]),
            instrument_id=_id(data["instrument"]),
            gaps_are_empty=data["gaps_are_empty"],
            flat=data["flat"],
            replace=data["replace"],
        )


def _text(one: UUID | None) -> str | None:
    return None if one is None else str(one)


def _id(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)
