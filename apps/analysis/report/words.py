"""What the report's terms mean, in words for its reader."""

from __future__ import annotations

import re

MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)Z")
VERDICTS = {
    "agree": "agree",
    "agree_within_tolerance": "agree within tolerance",
    "differ": "differ",
}
# A sign goes with each, since colour alone does not reach everybody.
SIGNS = {
    "agree": "\N{IDENTICAL TO}",
    "agree_within_tolerance": "\N{ALMOST EQUAL TO}",
    "differ": "\N{NOT EQUAL TO}",
}
MODES = {
    "exact": "every engine by the same fill contract",
    "native": "each engine as its own users run it by default",
}
CAUSES = {
    "signal": "They acted on different signals.",
    "fill_price": "They filled the same decision at another price or on another bar.",
    "intrabar_order": "They took the path inside a bar in another order.",
    "fee": "They charged other fees for the same fills.",
    "rounding": "They rounded to another tick, step or unit of money.",
    "sizing": "They traded another quantity, or had no cash for the entry.",
    "unsupported_option": "One of them does not know an option of the run.",
    "data": "They did not see the same candles.",
}
LOOKED_AT = {
    "entries": "Same bar of entry",
    "exits": "Same bar of exit, for the same reason",
    "prices": "Same prices, to the tick",
    "quantities": "Same quantity, to the step",
    "fees": "Same fees, within 1e\N{MINUS SIGN}6 of notional",
    "profits": "Same profit, within 1e\N{MINUS SIGN}6 of notional",
}


def said(code: str) -> str:
    """Return a code as words: `fill_price` is `fill price`."""
    return code.replace("_", " ")


def readable(detail: str) -> str:
    """Return a sentence with its moments as people write them."""
    return MOMENT.sub(r"\1 \2", detail)


def counted(count: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun: `1 trade`, `1,204 trades`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(names: list[str]) -> str:
    """Return names as a list in a sentence: `a, b and c`."""
    if len(names) < 2:  # noqa: PLR2004 - one name needs no "and"
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
