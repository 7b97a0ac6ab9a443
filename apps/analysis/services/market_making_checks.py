"""What must be so before quotes are played on a capture."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from apps.analysis.errors import OptionWithoutEffect, QuotingInvalid
from apps.engines.errors import UnsupportedByEngine
from apps.engines.market_making import LatencyModel, QueueModel
from apps.engines.registry import engine_capabilities, engine_get
from apps.market.selectors import CAPTURE_ENGINE

if TYPE_CHECKING:
    from decimal import Decimal

    from apps.analysis.services.market_making import MakingRequest, QuotingRequest
    from apps.market.models import BookCapture

WITH_POWER = (
    QueueModel.POWER_PROB,
    QueueModel.POWER_PROB_2,
    QueueModel.POWER_PROB_3,
)
MOST_RECORDS = 1_000_000


def making_check(request: MakingRequest, capture: BookCapture) -> None:
    """Refuse what could not be played, or not as asked.

    Args:
        request: Which quotes are to be played.
        capture: On which capture.

    Raises:
        UnsupportedByEngine: The engine cannot honour an option.
        OptionWithoutEffect: An option of another model than the chosen one is given.
        QuotingInvalid: A quantity does not fit the market, or there would be too many
            records.
    """
    _support_check(request)
    _effect_check(request)
    _quantities_check(request.quoting, capture)
    _records_check(request, capture)


def _support_check(request: MakingRequest) -> None:
    capabilities = engine_capabilities(engine_get(CAPTURE_ENGINE))
    if request.partial_fills and not capabilities.partial_fills:
        msg = (
            f"The engine {CAPTURE_ENGINE!r} fills orders whole: its exchange with partial "
            "fills does not carry them to the position. Leave out partial_fills."
        )
        raise UnsupportedByEngine(msg, attr="partial_fills")


def _effect_check(request: MakingRequest) -> None:
    """Refuse an option that the chosen model does not have."""
    idle: list[tuple[str, str, str]] = []
    if request.queue_model not in WITH_POWER:
        idle.append(("queue_power", "queue_model", ", ".join(WITH_POWER)))
    if request.latency_model == LatencyModel.CONSTANT:
        idle.append(("latency_factor", "latency_model", LatencyModel.FEED))
    else:
        idle.append(("entry_latency_ms", "latency_model", LatencyModel.CONSTANT))
        idle.append(("response_latency_ms", "latency_model", LatencyModel.CONSTANT))
    for name, by, right in idle:
        if getattr(request, name) is not None:
            msg = (
                f"{name} has no effect with the {by} {getattr(request, by).value}; leave "
                f"it out, or choose {right}."
            )
            raise OptionWithoutEffect(msg, attr=name)


def _quantities_check(quoting: QuotingRequest, capture: BookCapture) -> None:
    market = capture.instrument
    quantity, step = quoting.order_quantity, market.quantity_step
    if quantity <= 0 or Fraction(quantity) % Fraction(step):
        _refuse(
            "order_quantity",
            f"is no multiple of the market's step, {step.normalize():f}, above zero",
            quantity,
        )
    if quantity < market.min_quantity:
        least = f"{market.min_quantity.normalize():f}"
        _refuse("order_quantity", f"is below the market's least, {least}", quantity)
    if quoting.max_position < quantity:
        reason = f"has no room for one order of {quantity.normalize():f}"
        _refuse("max_position", reason, quoting.max_position)


def _records_check(request: MakingRequest, capture: BookCapture) -> None:
    span_ms = (capture.last - capture.first).total_seconds() * 1_000
    records = int(span_ms / request.record_interval_ms) + 1
    if records > MOST_RECORDS:
        msg = (
            f"Every {request.record_interval_ms:g} ms over the capture's "
            f"{span_ms / 1_000:,.0f} s are {records:,} records; at most {MOST_RECORDS:,} "
            f"are kept: record every {span_ms / MOST_RECORDS:,.0f} ms or more."
        )
        raise QuotingInvalid(msg, attr="record_interval_ms")


def _refuse(name: str, reason: str, value: Decimal) -> None:
    msg = f"{name} {value.normalize():f} {reason}."
    raise QuotingInvalid(msg, attr=f"quoting.{name}")
