"""The parts of a generated script: its head, constants, functions and rules."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from string import Template
from typing import TYPE_CHECKING

from apps.engines.contracts import SizingKind
from apps.strategies.definition import definition_rules
from apps.strategies.definition.amounts import decimal_text
from apps.strategies.export.indicators import (
    LINE_LENGTH,
    indicator_columns,
    indicators_code,
)
from apps.strategies.export.names import constant_name, names_allot, one_line
from apps.strategies.export.rules import Names, quoted, rule_code
from apps.strategies.export.source import TEXT, pieces_of
from apps.strategies.rules import PRICE_COLUMNS
from apps.strategies.rules.unparse import number_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from apps.strategies.definition import StrategyDefinition
    from apps.strategies.export.indicators import IndicatorCode
    from apps.strategies.export.rules import RuleCode
    from apps.strategies.export.source import Piece
    from apps.strategies.export.subject import Subject

    type Wanted = tuple[str, str]

OWN_CONSTANTS = ("STRATEGY", "VERSION", "CONTENT_HASH", "TIMEFRAME")
GRID = "apps.engines.grid"
GRID_FUNCTIONS: tuple[Wanted, ...] = (
    ("grid", "grid_of"),
    *((GRID, f"{name}_units") for name in ("floor", "ceil", "round")),
    (GRID, "on_grid"),
)
_ARRAYS = ("FloatArray", "IntArray", "BoolArray")
_IMPORTS = {
    "math": "import math",
    "Any": "from typing import Any",
    "Callable": "from collections.abc import Callable",
    "Decimal": "from decimal import Decimal",
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Decisions:
    """Indicators and rules of a strategy in Python.

    Attributes:
        indicators: What adds the columns.
        entry: The rule that buys.
        leave: The rule that sells, where there is one.
        pieces: Functions that they call.
    """

    indicators: IndicatorCode
    entry: RuleCode
    leave: RuleCode | None
    pieces: tuple[Piece, ...]


def text_get(name: str) -> str:
    """Return a text of this package."""
    return (TEXT / name).read_text(encoding="utf-8")


def text_sections(name: str) -> dict[str, str]:
    """Return the parts of a text of this package, each headed by `== name`."""
    parts = re.split(r"^== (\w+)\n", text_get(name), flags=re.MULTILINE)[1:]
    ends = [part.rstrip("\n") + "\n" for part in parts[1::2]]
    return dict(zip(parts[::2], ends, strict=True))


def text_fill(text: str, **parts: str) -> str:
    """Return a text with its `$parts` filled in."""
    filled = Template(text).substitute(parts)
    return re.sub(r"\n{4,}", "\n\n\n", filled).rstrip("\n") + "\n"


def words_in(texts: Iterable[str]) -> set[str]:
    """Return every word of some code, none of which a strategy may take as a name."""
    return {word for text in texts for word in _NAME.findall(text)}


def columns_of(
    definition: StrategyDefinition, taken: Iterable[str]
) -> Mapping[str, str]:
    """Return the column of each series that a strategy's rules can name."""
    wanted = {name: name for name in (*PRICE_COLUMNS, *indicator_columns(definition))}
    return names_allot(wanted, taken)


def constants_of(
    definition: StrategyDefinition, taken: Iterable[str]
) -> Mapping[str, str]:
    """Return the constant that holds each parameter of a strategy."""
    wanted = {name: constant_name(name) for name in definition.parameters}
    return names_allot(wanted, taken)


def decisions_of(definition: StrategyDefinition, names: Names) -> Decisions:
    """Return the long side of a strategy as code."""
    rules = definition_rules(definition)
    if rules.entry_long is None:
        msg = "a strategy without a long entry cannot be exported"
        raise ValueError(msg)
    indicators = indicators_code(definition, names)
    entry = rule_code(rules.entry_long, names)
    leave = None if rules.exit_long is None else rule_code(rules.exit_long, names)
    called = entry.functions | (frozenset() if leave is None else leave.functions)
    wanted = [*indicators.wanted, *(("rules", name) for name in sorted(called))]
    return Decisions(indicators, entry, leave, pieces_of(wanted))


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


_SIZES = {
    SizingKind.FIXED_QUOTE: "quote units that an entry trades",
    SizingKind.PERCENT_OF_EQUITY: "of the equity that an entry trades",
    SizingKind.RISK_PER_TRADE: "of the equity that an entry loses at its stop",
}


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


def imports_of(pieces: Iterable[Piece]) -> str:
    """Return the imports of the standard library that some pieces need."""
    read = frozenset[str]().union(*(piece.reads for piece in pieces))
    return "\n".join(sorted(line for name, line in _IMPORTS.items() if name in read))


def uses(library: str, decisions: Decisions) -> bool:
    """Whether indicators or rules call a library, by its name in code."""
    used = decisions.indicators.libraries
    return library in used.union(*(piece.reads for piece in decisions.pieces))


def exits_of(subject: Subject) -> tuple[str, ...]:
    """Return the exits that a strategy has beside its rule."""
    names = ("stop_loss", "take_profit", "trailing_stop")
    return tuple(n for n in names if getattr(subject.definition, n) is not None)


def functions_of(pieces: Iterable[Piece]) -> str:
    """Return pieces one below the other, and what their annotations name."""
    chosen = tuple(pieces)
    read = frozenset[str]().union(*(piece.reads for piece in chosen))
    arrays = [f"{name} = np.ndarray" for name in _ARRAYS if name in read]
    constants = [piece.text for piece in chosen if _is_constant(piece)]
    parts = ["\n".join([*arrays, *constants])] if arrays or constants else []
    parts += [piece.text for piece in chosen if not _is_constant(piece)]
    return "\n\n\n".join(parts)


def signals_of(decisions: Decisions, names: Names) -> str:
    """Return the functions `add_indicators` and `find_signals`."""
    frame = names.frame
    added = "\n".join(f"    {line}" for line in decisions.indicators.lines)
    lines = [
        f"def add_indicators({frame}):",
        '    """Add a column for each series that the rules read."""',
        added or "    # The rules read prices alone.",
        "",
        "",
        f"def find_signals({frame}):",
        '    """Return where to buy and where to sell, known at each bar\'s close."""',
        *assigned("entry", decisions.entry, "    "),
    ]
    if decisions.leave is None:
        lines.append(f"    leave = np.zeros(len({frame}), dtype=bool)")
    else:
        lines += assigned("leave", decisions.leave, "    ")
    lines += [
        "    # Both on one bar is neither.",
        "    both = entry & leave",
        "    return np.asarray(entry & ~both), np.asarray(leave & ~both)",
    ]
    return "\n".join(lines)


def assigned(name: str, rule: RuleCode, indent: str) -> list[str]:
    """Return the lines that give a rule a name, below the rule as it was written."""
    first, *more = rule.lines
    lines = [f"# {rule.comment}"]
    if not more:
        lines.append(f"{name} = {first}")
    else:
        lines += [f"{name} = (", *(f"    {line}" for line in rule.lines), ")"]
    if rule.guard:
        lines += _called(f"{name} &= known", rule.guard, len(indent))
    return [f"{indent}{line}" for line in lines]


def _called(start: str, arguments: tuple[str, ...], indent: int) -> list[str]:
    line = f"{start}({', '.join(arguments)})"
    if len(line) + indent <= LINE_LENGTH:
        return [line]
    return [f"{start}(", *(f"    {argument}," for argument in arguments), ")"]


def _is_constant(piece: Piece) -> bool:
    # An alias of a function must stand below it.
    is_assigned = isinstance(piece.node, ast.Assign | ast.AnnAssign)
    return is_assigned and "njit" not in piece.reads


def _wrapped(text: str) -> list[str]:
    words, lines = one_line(text).split(), ["#"]
    for word in words:
        if len(lines[-1]) + len(word) > 85:  # noqa: PLR2004 - a line of comment
            lines.append("#")
        lines[-1] += f" {word}"
    return ["#", *lines] if words else []


def _float(value: object) -> str:
    return repr(float(str(value)))
