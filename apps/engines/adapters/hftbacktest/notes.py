"""What a reader must know of a run over bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.engines.adapters.hftbacktest import orders
from apps.engines.contracts import Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.engines.contracts import Execution, IntArray, RunRequest


def notes_of(
    request: RunRequest, execution: Execution, counts: IntArray
) -> tuple[str, ...]:
    """Return the notes, a sentence each.

    Args:
        request: What was run.
        execution: The way to the market that it had.
        counts: What the compiled strategy counted.
    """
    return tuple(_notes(request, execution, counts))


def ignored_of(request: RunRequest) -> tuple[str, ...]:
    """Return the options that have no effect, which a native run may have."""
    if request.mode is Mode.EXACT:
        return ()
    stops = request.protection
    named = {
        "slippage": request.costs.slippage_rate,
        "stop_loss": stops.stop_loss,
        "take_profit": stops.take_profit,
        "trailing_stop": stops.trailing_stop,
        "min_quantity": request.market.min_quantity,
        "min_notional": request.market.min_notional,
    }
    return tuple(name for name, value in named.items() if value)


def _notes(
    request: RunRequest, execution: Execution, counts: IntArray
) -> Iterator[str]:
    yield _book_note(request, execution)
    if execution.feed_latency_ns or execution.order_latency_ns:
        yield (
            f"A signal is seen {execution.feed_latency_ns / 1e6:g} ms after the open, an "
            f"order takes {execution.order_latency_ns / 1e6:g} ms each way."
        )
        if execution.capture is None:
            yield (
                "Inside a bar the modelled price goes in straight lines from the open "
                "to the extreme against the order, the other extreme and the close."
            )
        if request.mode is Mode.EXACT:
            yield (
                "Cash was checked at the price seen when an order was sent; the price "
                "that it got may differ."
            )
    if execution.capture is not None or execution.level_depth is not None:
        yield (
            "An order that is larger than the best level has the average price of the "
            "levels it walks through, as they were seen when it was sent; that price "
            "may lie between ticks."
        )
    if counts[orders.TOO_BIG]:
        yield f"{counts[orders.TOO_BIG]:,} entries were larger than the book: not sent."
    if counts[orders.SWEPT]:
        yield (
            f"{counts[orders.SWEPT]:,} exits were larger than the book: what it did not "
            "hold is priced at its last level."
        )
    if request.mode is Mode.NATIVE:
        yield (
            "hftbacktest knows no stop orders, no minimum and no account: nothing is "
            "skipped for want of cash, and the book is all the slippage there is."
        )


def _book_note(request: RunRequest, execution: Execution) -> str:
    if execution.capture is not None:
        return "The order book is a capture of real depth."
    depth = (
        "any size at the best price"
        if execution.level_depth is None
        else f"{execution.levels} levels one tick apart that hold "
        f"{execution.level_depth:g} quote units each"
    )
    least = ", at least one tick," if request.mode is Mode.NATIVE else ""
    return (
        "The order book is a model made of the bars: a spread of "
        f"{execution.spread_bps:g} basis points{least} around the price, rounded "
        f"outwards to the tick, and {depth}."
    )
