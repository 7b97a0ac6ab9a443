"""What the marks on the chart of prices mean."""

from __future__ import annotations

from apps.analysis.report.markup import Html, tag
from apps.analysis.report.payload import REASONS
from apps.analysis.report.words import said

# Each reason has a shape of its own; the script draws the same ones.
SHAPES = {
    "signal": '<circle cx="6" cy="6" r="4"/>',
    "stop_loss": '<path d="M2 2l8 8M10 2l-8 8" fill="none" stroke-width="2.4"/>',
    "take_profit": '<path d="M6 1l5 5-5 5-5-5z"/>',
    "trailing_stop": '<path d="M2 2h8v8H2z"/>',
    "end_of_data": '<circle cx="6" cy="6" r="3.5" fill="none" stroke-width="2"/>',
    "unknown": '<circle cx="6" cy="6" r="2.5"/>',
}
ENTRIES = {"long": "M6 1l5 10H1z", "short": "M6 11L1 1h10z"}


def keys() -> Html:
    """Return what the marks on the chart of prices mean."""
    entries = [
        tag(
            "span",
            tag(
                "svg",
                Html(f'<path d="{path}"/>'),
                viewBox="0 0 12 12",
                class_="shape entry",
                aria_hidden="true",
            ),
            f"{side} entry",
            data_side=side,
        )
        for side, path in ENTRIES.items()
    ]
    exits = [
        tag("span", _shape(reason), said(reason), tag("b"), data_reason=reason)
        for reason in REASONS
    ]
    lines = [
        tag("span", tag("i", class_=f"line {kind}"), words)
        for kind, words in (("gain", "won"), ("loss", "lost"))
    ]
    return tag("p", *entries, *exits, *lines, class_="keys")


def _shape(reason: str) -> Html:
    return tag(
        "svg",
        Html(SHAPES[reason]),
        viewBox="0 0 12 12",
        class_="shape",
        style=f"fill:var(--reason-{reason});stroke:var(--reason-{reason})",
        aria_hidden="true",
    )
