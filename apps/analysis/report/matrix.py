"""The matrix of agreement: every participant against every other."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from apps.analysis.report.look import swatch
from apps.analysis.report.markup import join, scrolling, tag
from apps.analysis.report.numbers import money, share
from apps.analysis.report.words import LOOKED_AT, SIGNS, VERDICTS, counted, said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from apps.analysis.report.contenders import Contender
    from apps.analysis.report.markup import Html

type Pair = Mapping[str, Any]

HOW_TO_READ = (
    "Above the diagonal: the share of trades that are identical in everything, and below "
    "it what is equal among those that have a counterpart. Under the diagonal: the "
    "row\N{RIGHT SINGLE QUOTATION MARK}s profit less the "
    "column\N{RIGHT SINGLE QUOTATION MARK}s, in {quote}, and why they differ."
)


def matrix_section(
    report: Mapping[str, Any], contenders: Sequence[Contender], quote: str
) -> Html | None:
    """Return the matrix, and the counts of each pair folded under it."""
    pairs = {frozenset((one["first"], one["second"])): one for one in report["pairs"]}
    if not pairs:
        return None
    present = [one for one in contenders if one.error is None]
    ordered = [
        (pairs[key], f"pair-{one.position}-{other.position}")
        for one, other in combinations(present, 2)
        if (key := frozenset((one.name, other.name))) in pairs
    ]
    anchors = {
        frozenset((pair["first"], pair["second"])): anchor for pair, anchor in ordered
    }
    return tag(
        "section",
        tag("h2", "Agreement", id="agreement"),
        tag("p", HOW_TO_READ.format(quote=quote), class_="note"),
        scrolling(
            "Agreement by pair of engines", _table(present, pairs, anchors, quote)
        ),
        *(_details(pair, anchor, quote) for pair, anchor in ordered),
        aria_labelledby="agreement",
    )


def _table(
    present: Sequence[Contender],
    pairs: Mapping[frozenset[str], Pair],
    anchors: Mapping[frozenset[str], str],
    quote: str,
) -> Html:
    rows = [
        tag(
            "tr",
            tag("th", *_head(one), scope="row"),
            *(_cell(one, other, pairs, anchors, quote) for other in present),
        )
        for one in present
    ]
    heads = [tag("th", *_head(one), scope="col") for one in present]
    return tag(
        "table",
        tag("caption", "Agreement by pair of engines", class_="hidden"),
        tag("thead", tag("tr", tag("td"), *heads)),
        tag("tbody", *rows),
        class_="matrix",
    )


def rows_of(pair: Pair) -> tuple[int, int]:
    """Return how many trades of a pair are identical, and of how many."""
    rows = pair["agreement"]["paired"] + pair["only_first"] + pair["only_second"]
    return rows - sum(pair["causes"].values()), rows


def _head(one: Contender) -> tuple[Html, Html]:
    return swatch(one.position), tag("span", one.name)


def _cell(
    one: Contender,
    other: Contender,
    pairs: Mapping[frozenset[str], Pair],
    anchors: Mapping[frozenset[str], str],
    quote: str,
) -> Html:
    key = frozenset((one.name, other.name))
    if one is other:
        told = one.told
        return tag(
            "td",
            tag("b", f"{told.get('trades') or 0:,}"),
            tag("small", "trades"),
            tag("small", f"{money(told.get('profit'), signed=True)} {quote}"),
            class_="self",
        )
    if key not in pairs:
        return tag("td", "not compared", class_="none")
    pair = pairs[key]
    if one.position < other.position:
        return _agreement(pair, anchors[key])
    # The stored difference is the second's profit less the first's.
    sign = 1 if pair["second"] == one.name else -1
    return _difference(pair, sign)


def _agreement(pair: Pair, anchor: str) -> Html:
    verdict = str(pair["verdict"])
    same, rows = rows_of(pair)
    paired = pair["agreement"]["paired"]
    parts = [
        tag(
            "span",
            tag("i", name),
            tag("span", share(pair["agreement"][name], paired)),
            class_=None if pair["agreement"][name] == paired else "part",
        )
        for name in LOOKED_AT
    ]
    return tag(
        "td",
        tag(
            "a",
            tag("span", SIGNS[verdict], class_="sign", aria_hidden="true"),
            tag("b", share(same, rows) if rows else "no trades"),
            tag("small", VERDICTS[verdict]),
            href=f"#{anchor}",
            title=f"{same:,} of {counted(rows, 'trade')} identical; open the counts",
        ),
        tag("span", *parts, class_="parts"),
        class_=f"cell {verdict}",
    )


def _difference(pair: Pair, sign: int) -> Html:
    causes = sorted(pair["causes"].items(), key=lambda item: -item[1])
    return tag(
        "td",
        tag("b", money(sign * pair["profit_difference"], signed=True)),
        *(
            tag("small", f"{said(cause)} \N{MULTIPLICATION SIGN} {count:,}")
            for cause, count in causes
        ),
        None if causes else tag("small", "nothing differs"),
        class_="difference",
    )


def _details(pair: Pair, anchor: str, quote: str) -> Html:
    same, rows = rows_of(pair)
    first, second = pair["first"], pair["second"]
    causes = [f"{said(cause)} {count:,}" for cause, count in pair["causes"].items()]
    facts = [
        f"{first} made {counted(pair['trades_first'], 'trade')}, "
        f"{second} {pair['trades_second']:,}; {pair['agreement']['paired']:,} have a "
        "counterpart.",
        f"Only {first}: {pair['only_first']:,}. "
        f"Only {second}: {pair['only_second']:,}.",
        f"Causes: {', '.join(causes)}." if causes else "Nothing differs.",
        f"{second} made {money(pair['profit_difference'], signed=True)} {quote} "
        f"against {first}.",
    ]
    sign = tag("span", SIGNS[pair["verdict"]], class_="sign", aria_hidden="true")
    return tag(
        "details",
        tag(
            "summary",
            join((sign, f"{first} and {second}"), " "),
            tag("span", f"{same:,} of {rows:,} identical"),
            class_=str(pair["verdict"]),
        ),
        tag("div", *(tag("p", fact) for fact in facts), _counts(pair), id=anchor),
        class_="pair",
    )


def _counts(pair: Pair) -> Html:
    agreement = pair["agreement"]
    paired = agreement["paired"]
    rows = [
        tag(
            "tr",
            tag("th", title, scope="row"),
            tag("td", f"{agreement[name]:,}"),
            tag("td", share(agreement[name], paired)),
        )
        for name, title in LOOKED_AT.items()
    ]
    caption = tag("caption", f"Of {counted(paired, 'paired trade')}")
    return tag("table", caption, *rows, class_="counts")
