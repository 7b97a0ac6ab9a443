"""The charts' place on the page, their controls, and what is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.analysis.report.candles import length_name
from apps.analysis.report.keys import keys
from apps.analysis.report.legend import legend, twin_of
from apps.analysis.report.markup import tag
from apps.analysis.report.payload import MOST_TRADES
from apps.analysis.report.words import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.analysis.report.candles import Candles
    from apps.analysis.report.contenders import Contender
    from apps.analysis.report.markup import Html
    from apps.engines.contracts import Bars

WITHOUT_SCRIPTS = (
    "The charts are drawn by a script in this page; scripts are off here. Everything "
    "else is on the page all the same."
)
LICENCE = "https://www.apache.org/licenses/LICENSE-2.0"


def charts_section(
    contenders: Sequence[Contender], *, bars: Bars, candles: Candles, diverges: bool
) -> Html:
    """Return where the script draws price, trades, equity and drawdown."""
    drawn = [one for one in contenders if one.run is not None]
    shared = any(twin_of(one, drawn) for one in drawn)
    return tag(
        "section",
        tag("h2", "Price, equity, drawdown", id="charts"),
        tag("noscript", tag("p", WITHOUT_SCRIPTS, class_="note")),
        tag(
            "div",
            _controls(drawn, diverges=diverges),
            tag("p", id="readout", class_="readout"),
            _canvas(),
            keys(),
            class_="needs-script",
        ),
        tag(
            "div",
            legend(drawn),
            _remarks(bars, candles, shared=shared),
            class_="beside legends",
        ),
        aria_labelledby="charts",
    )


def _canvas() -> Html:
    return tag(
        "div",
        id="chart",
        class_="canvas tall",
        role="img",
        tabindex=0,
        aria_label="Price with trades, equity and drawdown over time. Arrow keys "
        "move, plus and minus zoom, Home shows all.",
    )


def _remarks(bars: Bars, candles: Candles, *, shared: bool) -> Html:
    return tag(
        "div",
        tag(
            "p",
            _drawn(bars, candles, shared=shared),
            tag("span", id="trades-drawn"),
            class_="note",
        ),
        tag(
            "p",
            "Charts: TradingView Lightweight Charts\N{TRADE MARK SIGN}, copyright "
            "\N{COPYRIGHT SIGN} 2026 ",
            _away("https://www.tradingview.com/", "TradingView, Inc."),
            ", under the ",
            _away(LICENCE, "Apache License 2.0"),
            ".",
            class_="note",
        ),
    )


def _away(address: str, words: str) -> Html:
    return tag("a", words, href=address, rel="noreferrer external")


def _controls(drawn: Sequence[Contender], *, diverges: bool) -> Html:
    options = [
        tag("option", one.name, value=number) for number, one in enumerate(drawn)
    ]
    buttons = [
        _button("zoom-all", "All", "Show all"),
        _button("zoom-out", "\N{MINUS SIGN}", "Zoom out"),
        _button("zoom-in", "+", "Zoom in"),
    ]
    if diverges:
        buttons.append(
            _button("zoom-first", "First divergence", "Show where they part")
        )
    return tag(
        "div",
        tag(
            "label",
            "Trades of ",
            tag("select", *options, tag("option", "nobody", value=""), id="shown"),
        ),
        tag("label", tag("input", type="checkbox", id="log"), " log price"),
        tag("label", tag("input", type="checkbox", id="held"), " buy and hold"),
        tag("span", *buttons, class_="buttons"),
        class_="controls",
    )


def _button(name: str, words: str, does: str) -> Html:
    return tag("button", words, type="button", id=name, title=does)


def _drawn(bars: Bars, candles: Candles, *, shared: bool) -> str:
    bar = length_name(bars.timeframe_ns)
    if len(candles) == len(bars):
        what = f"Every one of the {counted(len(bars), f'{bar} bar')} is drawn."
    else:
        what = (
            f"Drawn as {len(candles):,} {length_name(candles.width_ns)} candles, put "
            f"together from {len(bars):,} {bar} bars: true opens, highs, lows and "
            "closes. Equity is as at each candle\N{RIGHT SINGLE QUOTATION MARK}s close, "
            "drawdown the deepest inside it."
        )
    striped = "A striped line is the curve of all engines whose colours it has. "
    return (
        f"{what} {striped if shared else ''}Holes in the series take no room. All times are UTC. Up to "
        f"{MOST_TRADES:,} trades of an engine are drawn, those that moved equity most. "
        "Click the chart to zoom with the wheel; pinch on a phone. "
    )
