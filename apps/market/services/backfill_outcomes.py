"""What became of each market of a backfill, for the job's result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.market.enums import Timeframe
from apps.market.moments import iso_from_ns, ns_from_datetime

if TYPE_CHECKING:
    from apps.core.errors import ApplicationError
    from apps.market.filling.candles import MarketFill, Told
    from apps.market.services.backfill_plans import Planned
    from apps.market.services.backfill_storing import SeriesFill


def outcome_told(filling: SeriesFill, fill: MarketFill) -> dict[str, Any]:
    """Return the outcome of a market that was asked for to the end.

    Args:
        filling: What was stored of it; its series is there.
        fill: What the exchange told.
    """
    series, told = filling.series, fill.told
    if series is None:
        msg = "a market without a series has no such outcome"
        raise AssertionError(msg)
    changed = (
        filling.added
        or filling.revised_tail
        or (filling.revised and filling.setting.replace)
    )
    return {
        "symbol": filling.planned.symbol,
        "timeframe": filling.planned.timeframe.value,
        "status": "stored" if changed else "unchanged",
        "series_id": str(series.pk),
        "added": filling.added,
        "rows": series.rows,
        "first": iso_from_ns(ns_from_datetime(series.first)),
        "last": iso_from_ns(ns_from_datetime(series.last)),
        "gaps": {
            "holes": series.gaps,
            "bars_asked_again": told.asked,
            "bars_filled": told.filled,
            "bars_confirmed_missing": told.confirmed,
        },
        "left_out": {
            "impossible": told.impossible,
            "off_grid": told.off_grid,
            "unreadable": told.unreadable,
        },
        "revised": filling.revised,
        "revised_tail": filling.revised_tail,
        "notes": _notes(filling, told),
        "error": None,
    }


def outcome_failed(
    planned: Planned, error: ApplicationError, added: int
) -> dict[str, Any]:
    """Return the outcome of a market that could not be fetched to the end.

    Args:
        planned: Which one.
        error: Why not.
        added: Bars that were stored before, and stay.
    """
    return {
        "symbol": planned.symbol,
        "timeframe": planned.timeframe.value,
        "status": "failed",
        "series_id": None,
        "added": added,
        "notes": [],
        "error": {"code": error.code, "detail": error.message, "attr": error.attr},
    }


def _notes(filling: SeriesFill, told: Told) -> list[str]:
    notes: list[str] = []
    spans = fill_spans(filling)
    step = filling.planned.timeframe.nanoseconds
    if told.from_ns is not None and spans and told.from_ns - spans[0] >= step:
        notes.append(_since(filling, told, told.from_ns))
    if filling.revised:
        what = (
            "were overwritten"
            if filling.setting.replace
            else "stay as they are; fetch with replace to overwrite them"
        )
        shown = "; ".join(filling.examples)
        notes.append(
            f"The exchange now gives other numbers for {filling.revised:,} stored bars, "
            f"which {what}: {shown}."
        )
    if filling.revised_tail:
        notes.append(
            "The last stored bar had been fetched just after its close; the exchange now "
            "gives other numbers for it, which were taken."
        )
    if told.confirmed:
        notes.append(
            f"{told.confirmed:,} bars were asked for twice and are missing at the "
            "exchange."
        )
    return notes


def _since(filling: SeriesFill, told: Told, from_ns: int) -> str:
    timeframe = filling.planned.timeframe
    first = iso_from_ns(from_ns)
    coarse = told.coarse_ns
    if coarse is not None and from_ns - coarse > 2 * Timeframe.D1.nanoseconds:
        return (
            f"The exchange serves {timeframe} only from {first} on, though it traded "
            f"from {iso_from_ns(coarse)}: it keeps no older ones."
        )
    return f"There is data from {first} on; the exchange has none before."


def fill_spans(filling: SeriesFill) -> list[int]:
    """Return where the stretches begin that were asked for."""
    plan = filling.planned.plan
    return [] if plan is None else [span.start for span in plan.spans]
