"""The first divergence: why, the two trades, and the bars from each side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.analysis.report.look import swatch
from apps.analysis.report.markup import join, moment_tag, scrolling, tag, text_of
from apps.analysis.report.numbers import money, plain
from apps.analysis.report.words import CAUSES, counted, readable, said

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from apps.analysis.report.contenders import Contender
    from apps.analysis.report.markup import Html


type Side = Mapping[str, Any] | None

# Bars shown before and after one on which something happened.
NEXT_TO = 2
PRICES = ("open", "high", "low", "close")


def divergence_section(
    divergence: Mapping[str, Any], contenders: Sequence[Contender], decimals: int
) -> Html:
    """Return the first divergence.

    Args:
        divergence: As the parity report has it.
        contenders: All who took part.
        decimals: Of the market's prices.
    """
    names = (str(divergence["first"]), str(divergence["second"]))
    places = {one.name: one.position for one in contenders}
    heads = [
        tag("th", swatch(places.get(name, 0)), tag("span", name), scope="col")
        for name in names
    ]
    cause = str(divergence["cause"])
    badge = tag("span", said(cause), class_="badge")
    return tag(
        "section",
        tag("h2", "First divergence", id="divergence"),
        tag("p", badge, f" {CAUSES.get(cause, '')}"),
        tag("p", f"{readable(str(divergence['detail']))}.", class_="sentence"),
        tag(
            "div",
            _picture(),
            _trades(names, divergence["sides"], heads),
            class_="beside",
        ),
        _bars(divergence, names, heads, decimals),
        aria_labelledby="divergence",
    )


def _picture() -> Html:
    return tag(
        "div",
        tag("div", id="closeup", class_="canvas", role="img", tabindex=0),
        tag("p", class_="keys", id="closeup-keys"),
        class_="needs-script",
    )


def _trades(
    names: tuple[str, str], sides: Mapping[str, Side], heads: list[Html]
) -> Html:
    one, other = (sides.get(name) for name in names)
    rows = []
    for title, write in _fields():
        texts = [_text(side, write) for side in (one, other)]
        differs = texts[0] != texts[1]
        rows.append(
            tag(
                "tr",
                tag("th", title, scope="row"),
                *(tag("td", text) for text in texts),
                class_="other" if differs else None,
            )
        )
    table = tag(
        "table",
        tag("caption", "The trade as each made it; what differs is marked"),
        tag("thead", tag("tr", tag("td"), *heads)),
        tag("tbody", *rows),
        class_="sides",
    )
    return scrolling("The two trades", table)


def _fields() -> tuple[tuple[str, Callable[[Mapping[str, Any]], str]], ...]:
    def moment(side: Mapping[str, Any], end: str) -> Html:
        at = side[f"{end}_bar"]
        return join((moment_tag(side[f"{end}_time"]), tag("small", f"bar {at:,}")), " ")

    return (
        ("Side", lambda side: side["side"]),
        ("Entry", lambda side: moment(side, "entry")),
        ("Entry price", lambda side: plain(side["entry_price"])),
        ("Quantity", lambda side: plain(side["quantity"])),
        ("Exit", lambda side: moment(side, "exit")),
        ("Exit price", lambda side: plain(side["exit_price"])),
        ("Reason", lambda side: said(side["exit_reason"])),
        ("Fees", lambda side: money(side["fees"])),
        ("Profit", lambda side: money(side["profit"], signed=True)),
    )


def _text(side: Side, write: Callable[[Mapping[str, Any]], str]) -> Html:
    return text_of("no such trade" if side is None else write(side))


def _bars(
    divergence: Mapping[str, Any],
    names: tuple[str, str],
    heads: list[Html],
    decimals: int,
) -> Html:
    rows = []
    before = None
    for row in _telling(divergence):
        if before is not None and row["bar"] > before + 1:
            between = counted(row["bar"] - before - 1, "bar")
            words = f"{between}, on which neither side did anything"
            rows.append(tag("tr", tag("td", words, colspan=7), class_="between"))
        before = row["bar"]
        rows.append(_bar(row, names, decimals, parting=before == divergence["bar"]))
    prices = [tag("th", price, scope="col", class_="price") for price in PRICES]
    return tag(
        "table",
        tag(
            "caption", "The bars around, and what each did on them (UTC, by open time)"
        ),
        tag("thead", tag("tr", tag("th", "Bar", scope="col"), *prices, *heads)),
        tag("tbody", *rows),
        class_="around",
    )


def _telling(divergence: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the bars that tell something, and those next to them."""
    rows: list[Mapping[str, Any]] = divergence["bars"]
    eventful = [
        row["bar"]
        for row in rows
        if row["bar"] == divergence["bar"] or any(row["sides"].values())
    ]
    return [
        row for row in rows if any(abs(row["bar"] - at) <= NEXT_TO for at in eventful)
    ]


def _bar(
    row: Mapping[str, Any], names: tuple[str, str], decimals: int, *, parting: bool
) -> Html:
    doings = [row["sides"].get(name, ()) for name in names]
    return tag(
        "tr",
        tag(
            "th",
            moment_tag(row["time"]),
            tag("small", f"bar {row['bar']:,}"),
            tag("small", "they part here", class_="here") if parting else None,
            scope="row",
        ),
        *(
            tag("td", f"{row[price]:,.{decimals}f}", class_="price", data_is=price)
            for price in PRICES
        ),
        *(
            tag(
                "td", *(tag("span", each) for each in done), class_="does", data_is=name
            )
            for name, done in zip(names, doings, strict=True)
        ),
        class_="parting" if parting else None,
    )
