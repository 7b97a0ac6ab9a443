"""A strategy as a program of NautilusTrader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.strategies.export.constants import (
    OWN_CONSTANTS,
    exits_of,
    head_of,
    identity_of,
    parameters_of,
    trading_of,
)
from apps.strategies.export.names import class_name_of
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
    text_sections,
    uses,
    words_in,
)
from apps.strategies.export.source import pieces_of

if TYPE_CHECKING:
    from apps.strategies.export.subject import Subject

_UNITS = {"m": "MINUTE", "h": "HOUR", "d": "DAY", "w": "WEEK"}


def nautilus_script(subject: Subject, file: str) -> str:
    """Return a strategy with a backtest that runs it over a file of candles.

    Args:
        subject: What is exported.
        file: What the script will be called.
    """
    frame, sections = (
        text_get("nautilus.py.txt"),
        text_sections("nautilus_parts.py.txt"),
    )
    files = pieces_of([("candles", "read_candles"), ("columns", "nanoseconds")])
    grid = pieces_of(GRID_FUNCTIONS)
    trading = trading_of(subject, exits=exits_of(subject))
    used = words_in([frame, *sections.values(), trading, functions_of((*files, *grid))])
    definition = subject.definition
    constants = constants_of(definition, used.union(OWN_CONSTANTS))
    names = Names(
        frame="candles",
        time="time",
        columns=columns_of(definition, ("time",)),
        parameters=constants,
    )
    decisions = decisions_of(definition, names)
    pieces = tuple(piece for piece in decisions.pieces if piece not in files)
    taken = used.union(OWN_CONSTANTS, constants.values())
    settings = (identity_of(subject), parameters_of(subject, constants), trading)
    return text_fill(
        frame,
        name=class_name_of(definition.name, taken),
        file=file,
        head=head_of(subject),
        imports=imports_of((*files, *grid, *pieces)),
        libraries="import talib" if uses("talib", decisions) else "",
        constants="\n\n".join(part for part in settings if part),
        signals=signals_of(decisions, names),
        functions=functions_of(pieces),
        grid=functions_of(grid),
        files=functions_of(files),
        **_market(subject),
        **_parts(subject, sections),
    )


def _market(subject: Subject) -> dict[str, str]:
    timeframe = subject.definition.timeframe
    count, unit = timeframe.value[:-1], _UNITS[timeframe.value[-1]]
    return {
        "base": subject.market.base,
        "quote": subject.market.quote,
        "bar_length": f"{timeframe.nanoseconds:_}",
        "bar_spec": f"{count}-{unit}",
    }


def _parts(subject: Subject, sections: dict[str, str]) -> dict[str, str]:
    """Return what a program holds only where the strategy asks for it."""
    exits = subject.protection
    fixed, trails = exits.stop_loss is not None, exits.trailing_stop is not None
    aims, slips = exits.take_profit is not None, subject.slippage != 0
    protected = fixed or trails or aims

    def chosen(name: str, *, wanted: bool) -> str:
        return sections[name] if wanted else ""

    stop = "both" if fixed and trails else "fixed" if fixed else "trailing"
    protections = chosen(stop, wanted=fixed or trails)
    protections += chosen("target", wanted=aims)
    protect = chosen("protected", wanted=protected)
    protect = protect.replace("$protections\n", protections)
    protect += chosen("send_stop", wanted=fixed or trails)
    types = ["Bar", "BarType", *(["BookOrder"] if slips else []), "TradeTick"]
    book = "from nautilus_trader.model.book import OrderBook" if slips else ""
    return {
        "stops": chosen("stops_text", wanted=protected).rstrip("\n"),
        "trail": chosen("trail", wanted=trails),
        "raise_call": chosen("raise", wanted=trails),
        "raise_stop": chosen("raise_stop", wanted=trails),
        "protect": protect,
        "level": chosen("level", wanted=protected),
        "path_type": chosen("path_type", wanted=protected),
        "path": chosen("path", wanted=protected),
        "events": "its open, its path, itself" if protected else "its open, and itself",
        "slippage": chosen("slippage", wanted=slips),
        "fill_model": "Slippage()" if slips else "FillModel()",
        "model_clock": "    Slippage.clock = strategy.clock\n" if slips else "",
        "sizing": sections[subject.sizing[0].value].rstrip("\n"),
        "data_types": ", ".join(types),
        "book_import": book,
    }
