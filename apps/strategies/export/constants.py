"""The head of a generated script: what it is, and the constants that it trades by."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apps.engines.contracts import SizingKind
from apps.strategies.definition.amounts import decimal_text
from apps.strategies.export.names import one_line
from apps.strategies.export.rules import quoted
from apps.strategies.rules.unparse import number_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from apps.strategies.export.subject import Subject

OWN_CONSTANTS = ("STRATEGY", "VERSION", "CONTENT_HASH", "TIMEFRAME")
_COMMENT_WIDTH = 85
_SIZES = {
    SizingKind.FIXED_QUOTE: "quote units that an entry trades",
    SizingKind.PERCENT_OF_EQUITY: "of the equity that an entry trades",
    SizingKind.RISK_PER_TRADE: "of the equity that an entry loses at its stop",
}


def head_of(subject: Subject) -> str:
    """Return what is exported, as comments and as constants that programs can read."""
    definition = subject.definition
    return "\n".join(
        [
            f"# Strategy: {one_line(definition.name)}",
            f"# Version:  {subject.version}",
            f"# SHA-256:  {subject.content_hash}",
            *_wrapped(definition.description),
        ]
    )


def identity_of(subject: Subject) -> str:
    """Return name, version and hash as constants."""
    return "\n".join(
        [
            f"STRATEGY = {quoted(subject.definition.name)}",
            f"VERSION = {subject.version}",
            f"CONTENT_HASH = {quoted(subject.content_hash)}",
            f"TIMEFRAME = {quoted(subject.definition.timeframe.value)}",
        ]
    )


def trading_of(subject: Subject, *, exits: Iterable[str], leave_out: str = "") -> str:
    """Return costs, sizing, exits and the market's rules as constants.

    Args:
        subject: What is exported.
        exits: Which of stop_loss, take_profit and trailing_stop the code reads.
        leave_out: A pattern of constants that it does not read.
    """
    kind, size = subject.sizing
    definition, rules = subject.definition, subject.market.rules
    sized = "STAKE" if kind is SizingKind.FIXED_QUOTE else "FRACTION"
    origin = (
        "# The rules of the market, as they are stored with the candles."
        if subject.market.is_given
        else "# The rules of the market: a grid finer than any. Put in those of yours."
    )
    lines = [
        "# What is traded, and what it costs. Change it to what holds for you.",
        f"CAPITAL = {_float(subject.capital)}",
        f"{sized} = {_float(size)}  # {_SIZES[kind]}",
        f"FEE_RATE = {_float(definition.fees)}  # of each fill",
        f"SLIPPAGE = {_float(subject.slippage)}  # each fill is so much worse",
    ]
    for name in exits:
        value = getattr(definition, name)
        text = "None" if value is None else _float(value)
        lines.append(f"{name.upper()} = {text}")
    if leave_out:
        lines = [line for line in lines if not re.match(leave_out, line)]
    return "\n".join(
        [
            *lines,
            "",
            origin,
            f'PRICE_TICK = "{decimal_text(rules.price_tick)}"',
            f'QUANTITY_STEP = "{decimal_text(rules.quantity_step)}"',
            f"MIN_QUANTITY = {_float(rules.min_quantity)}",
            f"MIN_NOTIONAL = {_float(rules.min_notional)}",
        ]
    )


def parameters_of(subject: Subject, constants: Mapping[str, str]) -> str:
    """Return the strategy's parameters as constants, with their ranges."""
    if not constants:
        return ""
    lines = ["# Parameters, each with the range that the strategy allows."]
    for name, parameter in subject.definition.parameters.items():
        low, high = number_text(parameter.minimum), number_text(parameter.maximum)
        text = one_line(parameter.description)
        comment = f"{low} to {high}: {text}" if text else f"{low} to {high}"
        lines.append(
            f"{constants[name]} = {number_text(parameter.default)}  # {comment}"
        )
    return "\n".join(lines)


def exits_of(subject: Subject) -> tuple[str, ...]:
    """Return the exits that a strategy has beside its rule."""
    names = ("stop_loss", "take_profit", "trailing_stop")
    return tuple(n for n in names if getattr(subject.definition, n) is not None)


def _wrapped(text: str) -> list[str]:
    words, lines = one_line(text).split(), ["#"]
    for word in words:
        if len(lines[-1]) + len(word) > _COMMENT_WIDTH:
            lines.append("#")
        lines[-1] += f" {word}"
    return ["#", *lines] if words else []


def _float(value: object) -> str:
    return repr(float(str(value)))
