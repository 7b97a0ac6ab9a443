"""The parts of a generated script: its functions, indicators and rules."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from string import Template
from typing import TYPE_CHECKING

from apps.strategies.definition import definition_rules
from apps.strategies.export.indicators import (
    LINE_LENGTH,
    indicator_columns,
    indicators_code,
)
from apps.strategies.export.names import constant_name, names_allot
from apps.strategies.export.rules import rule_code
from apps.strategies.export.source import TEXT, pieces_of
from apps.strategies.rules import PRICE_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from apps.strategies.definition import StrategyDefinition
    from apps.strategies.export.indicators import IndicatorCode
    from apps.strategies.export.rules import Names, RuleCode
    from apps.strategies.export.source import Piece

    type Wanted = tuple[str, str]

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
    """Return a text with its `$parts` filled in.

    An empty one takes the line that it has to itself with it; `${part}` leaves the line.
    """
    blank = "|".join(name for name, part in parts.items() if not part)
    if blank:
        text = re.sub(rf"^\$({blank})\n", "", text, flags=re.MULTILINE)
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


def imports_of(pieces: Iterable[Piece]) -> str:
    """Return the imports of the standard library that some pieces need."""
    read = frozenset[str]().union(*(piece.reads for piece in pieces))
    return "\n".join(sorted(line for name, line in _IMPORTS.items() if name in read))


def uses(library: str, decisions: Decisions) -> bool:
    """Whether indicators or rules call a library, by its name in code."""
    used = decisions.indicators.libraries
    return library in used.union(*(piece.reads for piece in decisions.pieces))


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
