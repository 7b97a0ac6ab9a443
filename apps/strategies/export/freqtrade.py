"""A strategy as a folder of freqtrade's: the strategy, a configuration, a guide."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from apps.strategies.definition import definition_integer_parameters
from apps.strategies.definition.amounts import decimal_text
from apps.strategies.export.constants import (
    OWN_CONSTANTS,
    exits_of,
    head_of,
    identity_of,
    trading_of,
)
from apps.strategies.export.names import class_name_of, names_allot, one_line
from apps.strategies.export.rules import Names, quoted
from apps.strategies.export.script import (
    GRID_FUNCTIONS,
    assigned,
    columns_of,
    decisions_of,
    functions_of,
    imports_of,
    text_fill,
    text_get,
    text_sections,
    uses,
    words_in,
)
from apps.strategies.export.source import pieces_of
from apps.strategies.rules.unparse import number_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.strategies.definition import StrategyDefinition, StrategyParameter
    from apps.strategies.export.subject import Subject

# What freqtrade itself writes into the DataFrame, or reads from it.
_COLUMNS = (
    *("date", "buy", "sell", "enter_tag", "exit_tag", "buy_tag"),
    *(f"{action}_{side}" for action in ("enter", "exit") for side in ("long", "short")),
)
# `buy_params` would be read as the outcome of an optimisation.
_TAKEN_PARAMETERS = ("buy_params",)
_DECIMALS_MAXIMUM = 10
_LIBRARIES = {"pd": "import pandas as pd", "talib": "import talib"}
# They stand in the configuration, or freqtrade has no use for them.
_NOT_READ = "CAPITAL|SLIPPAGE"


def freqtrade_files(subject: Subject) -> dict[str, str]:
    """Return the files that run a strategy in freqtrade, by name.

    Args:
        subject: What is exported; without slippage, which freqtrade does not know.
    """
    frame = text_get("freqtrade.py.txt")
    sections = text_sections("freqtrade_parts.py.txt")
    used = words_in([frame, *sections.values(), _trading(subject)])
    name = class_name_of(subject.definition.name, used.union(OWN_CONSTANTS))
    return {
        f"{name}.py": _strategy(subject, name, frame, sections),
        "config.json": json.dumps(_config(subject), indent=2) + "\n",
        "import_candles.py": _importer(subject),
        "README.md": _readme(subject, name),
    }


def _strategy(
    subject: Subject, name: str, frame: str, sections: Mapping[str, str]
) -> str:
    definition = subject.definition
    wanted = {name: f"buy_{name}" for name in definition.parameters}
    attributes = names_allot(wanted, _TAKEN_PARAMETERS)
    names = Names(
        frame="dataframe",
        time="date",
        columns=columns_of(definition, _COLUMNS),
        parameters={name: f"self.{own}.value" for name, own in attributes.items()},
    )
    decisions, grid = decisions_of(definition, names), pieces_of(GRID_FUNCTIONS)
    leave = ["        leave = np.zeros(len(dataframe), dtype=bool)"]
    if decisions.leave is not None:
        leave = assigned("leave", decisions.leave, " " * 8)
    lines = [f"        {line}" for line in decisions.indicators.lines]
    declared, kinds = _parameters(definition, attributes)
    return text_fill(
        frame,
        name=name,
        head=head_of(subject),
        imports=imports_of((*grid, *decisions.pieces)),
        libraries="\n".join(
            line for name, line in _LIBRARIES.items() if uses(name, decisions)
        ),
        strategy_imports=", ".join(sorted({"IStrategy", *kinds}, key=str.lower)),
        identity=identity_of(subject),
        trading=_trading(subject),
        parameters=declared,
        indicators="\n".join(lines) or "        # The rules read prices alone.",
        entry="\n".join(assigned("entry", decisions.entry, " " * 8)),
        leave="\n".join(leave),
        functions=functions_of(decisions.pieces),
        grid=functions_of(grid),
        sizing=sections[subject.sizing[0].value].rstrip("\n"),
        **_exits(subject, sections),
    )


def _trading(subject: Subject) -> str:
    return trading_of(subject, exits=exits_of(subject), leave_out=_NOT_READ)


def _exits(subject: Subject, sections: Mapping[str, str]) -> dict[str, str]:
    """Return what a strategy holds only where it has a stop or a target."""
    exits = subject.protection
    stops, aims = exits.stop_loss is not None, exits.take_profit is not None
    stoploss = sections["stoploss" if stops else "no_stoploss"]
    callbacks = ""
    if stops or aims:
        checks = [sections["check_stop"]] * stops + [sections["check_target"]] * aims
        beyond = ["the stop"] * stops + ["the target"] * aims
        callbacks = sections["custom_exit"].replace("$checks\n", "".join(checks))
        callbacks = callbacks.replace("$beyond", " or ".join(beyond))
    if aims:
        stoploss += sections["use_custom_roi"]
        callbacks += sections["custom_roi"]
    return {
        "stops": "\n" + sections["stops_text"].rstrip("\n") if stops or aims else "",
        "stoploss": stoploss,
        "first_stop": sections["first_stop"] if stops else "",
        "callbacks": callbacks,
        "level": sections["level"] if stops or aims else "",
    }


def _parameters(
    definition: StrategyDefinition, attributes: Mapping[str, str]
) -> tuple[str, set[str]]:
    """Return the parameters as attributes, and the classes that they are of."""
    whole = definition_integer_parameters(definition)
    lines, kinds = [], set()
    for name, parameter in definition.parameters.items():
        kind, more = _parameter_kind(parameter, counts=name in whole)
        low, high, default = (
            number_text(value)
            for value in (parameter.minimum, parameter.maximum, parameter.default)
        )
        comment = one_line(parameter.description)
        lines += [f"    # {comment}"] if comment else []
        lines.append(
            f"    {attributes[name]} = {kind}"
            f'({low}, {high}, default={default}, {more}space="buy")'
        )
        kinds.add(kind)
    return "\n".join(lines), kinds


def _parameter_kind(parameter: StrategyParameter, *, counts: bool) -> tuple[str, str]:
    values = (parameter.default, parameter.minimum, parameter.maximum)
    if counts or all(isinstance(value, int) for value in values):
        return "IntParameter", ""
    texts = [f"{value:.17g}" for value in values]
    fractions = [len(text.partition(".")[2]) for text in map(repr, values)]
    if max(fractions) > _DECIMALS_MAXIMUM or any("e" in text for text in texts):
        return "RealParameter", ""
    return "DecimalParameter", f"decimals={max(3, *fractions)}, "


def _pair(subject: Subject) -> str:
    return f"{subject.market.base}/{subject.market.quote}"


def _config(subject: Subject) -> dict[str, Any]:
    """Return a configuration that backtests without a network."""
    pair, timeframe = _pair(subject), subject.definition.timeframe.value
    pricing = {"price_side": "other", "use_order_book": False}
    return {
        "strategy": None,
        "dry_run": True,
        "trading_mode": "spot",
        "stake_currency": subject.market.quote,
        "stake_amount": "unlimited",
        "dry_run_wallet": float(subject.capital),
        "max_open_trades": 1,
        "tradable_balance_ratio": 1.0,
        "amount_reserve_percent": 0.0,
        "timeframe": timeframe,
        "fee": float(subject.definition.fees),
        "dataformat_ohlcv": "feather",
        "entry_pricing": pricing,
        "exit_pricing": pricing,
        "pairlists": [{"method": "StaticPairList"}],
        "exchange": {
            "name": "paymium",
            "enable_ws": False,
            "pair_whitelist": [pair],
            "ccxt_config": {
                "markets": {pair: _market(subject)},
                "timeframes": {timeframe: timeframe},
                "has": {"fetchOHLCV": True, "fetchTickers": True},
            },
        },
        "experimental": {"block_bad_exchanges": False},
    }


def _market(subject: Subject) -> dict[str, Any]:
    """Return the market as ccxt describes one; the strategy minds the minimums."""
    market = subject.market
    fee = float(subject.definition.fees)
    return {
        "id": f"{market.base}{market.quote}",
        "symbol": _pair(subject),
        "base": market.base,
        "quote": market.quote,
        "baseId": market.base,
        "quoteId": market.quote,
        "active": True,
        "type": "spot",
        "spot": True,
        "margin": False,
        "swap": False,
        "future": False,
        "option": False,
        "contract": False,
        "taker": fee,
        "maker": fee,
        "precision": {
            "price": float(market.rules.price_tick),
            "amount": float(market.rules.quantity_step),
        },
        "limits": {
            name: {"min": None, "max": None}
            for name in ("amount", "cost", "leverage", "price")
        },
        "info": {},
    }


def _importer(subject: Subject) -> str:
    # As freqtrade names the files of a pair.
    pair = re.sub(r"[/ .@$+:]", "_", _pair(subject))
    file = f"{pair}-{subject.definition.timeframe.value}.feather"
    return text_fill(
        text_get("freqtrade_candles.py.txt"),
        file=quoted(file),
        timeframe=quoted(subject.definition.timeframe.value),
        functions=functions_of(pieces_of([("candles", "read_candles")])),
    )


def _readme(subject: Subject, name: str) -> str:
    rules, given = subject.market.rules, subject.market.is_given
    market = (
        f"The tick is {decimal_text(rules.price_tick)} and the step "
        f"{decimal_text(rules.quantity_step)}, as Parallax has them."
        if given
        else "The market is a first guess, with a grid finer than any: put in yours."
    )
    parameters = (
        "Parameters are declared for `freqtrade hyperopt`; lengths of indicators need "
        "its `--analyze-per-epoch`."
        if subject.definition.parameters
        else "The strategy has no parameters."
    )
    return text_fill(
        text_get("freqtrade_readme.md.txt"),
        title=_markdown(one_line(subject.definition.name)),
        version=str(subject.version),
        content_hash=subject.content_hash,
        name=name,
        market=market,
        pair=_pair(subject),
        parameters=parameters,
    )


def _markdown(text: str) -> str:
    return "".join(f"\\{one}" if one in "\\`*_{}[]<>()#+!|~" else one for one in text)
