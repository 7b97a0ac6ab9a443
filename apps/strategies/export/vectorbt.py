"""A strategy as a script of vectorbt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.strategies.export.constants import (
    OWN_CONSTANTS,
    head_of,
    identity_of,
    parameters_of,
    trading_of,
)
from apps.strategies.export.rules import Names
from apps.strategies.export.script import (
    GRID_FUNCTIONS,
    columns_of,
    constants_of,
    decisions_of,
    functions_of,
    imports_of,
    signals_of,
    text_fill,
    text_get,
    uses,
    words_in,
)
from apps.strategies.export.source import pieces_of

if TYPE_CHECKING:
    from apps.strategies.export.subject import Subject

_STOPS = """

Stop and target are prices on the tick, active from the bar of the entry on. Where one
bar holds both, the stop came first."""


def vectorbt_script(subject: Subject, file: str) -> str:
    """Return a script that trades a strategy over a file of candles.

    Args:
        subject: What is exported.
        file: What the script will be called.
    """
    protection = subject.protection
    is_plain = protection.stop_loss is None and protection.take_profit is None
    kind = "signals" if is_plain else "stops"
    frame, backtest = text_get("vectorbt.py.txt"), text_get(f"vectorbt_{kind}.py.txt")
    files = pieces_of([("candles", "read_candles"), ("profit", "with_profit")])
    grid = pieces_of(GRID_FUNCTIONS)
    trading = trading_of(
        subject, exits=() if is_plain else ("stop_loss", "take_profit")
    )
    used = words_in([frame, backtest, trading, functions_of((*files, *grid))])
    definition = subject.definition
    constants = constants_of(definition, used.union(OWN_CONSTANTS))
    names = Names(
        frame="candles",
        time="time",
        columns=columns_of(definition, ("time",)),
        parameters=constants,
    )
    decisions = decisions_of(definition, names)
    settings = (identity_of(subject), parameters_of(subject, constants), trading)
    return text_fill(
        frame,
        file=file,
        stops="" if is_plain else _STOPS,
        head=head_of(subject),
        imports=imports_of((*files, *grid, *decisions.pieces)),
        libraries="import talib" if uses("talib", decisions) else "",
        constants="\n\n".join(part for part in settings if part),
        signals=signals_of(decisions, names),
        functions=functions_of(decisions.pieces),
        grid=functions_of(grid),
        backtest=backtest.strip("\n"),
        files=functions_of(files),
    )
