"""The page's own files: its frame, its style, its scripts, and what may run in it."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from string import Template

from apps.analysis.report.look import variables
from apps.analysis.report.markup import Html, tag

HERE = Path(__file__).parent
LIBRARY = "lightweight-charts.standalone.production.js"
# Before the page is painted, so that it does not flash in the other theme.
EARLY = "theme.js"
SCRIPTS = (
    "data.js",
    "ink.js",
    "trades.js",
    "words.js",
    "stripes.js",
    "chart.js",
    "controls.js",
    "closeup.js",
    "paper.js",
)
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32' "
    "fill='none' stroke-width='4'%3E%3Ccircle cx='12' cy='16' r='9' stroke='%238fbfe0'/"
    "%3E%3Ccircle cx='20' cy='16' r='9' stroke='%23d55e00'/%3E%3C/svg%3E"
)


@cache
def frame() -> Template:
    """Return the page's frame, with places for what is on it."""
    return Template(_read("page/report.html"))


@cache
def style() -> Html:
    """Return the style, light by default, dark where the reader's system or choice is."""
    light, dark = variables("light"), variables("dark")
    themes = (
        f":root{{{light}}}"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme]){{{dark}}}}}"
        f':root[data-theme="dark"]{{{dark}}}'
        # Paper is white.
        f"@media print{{:root:root:root{{{light}}}}}"
    )
    return Html(themes + _read("page/report.css"))


@cache
def early_script() -> Html:
    """Return what runs before the page is painted."""
    return _closed(_read(f"page/{EARLY}"))


@cache
def scripts() -> tuple[Html, Html]:
    """Return the library and our own script."""
    ours = "\n".join(_read(f"page/{name}") for name in SCRIPTS)
    return Html(_read(f"vendor/{LIBRARY}")), _closed(ours)


@cache
def policy() -> Html:
    """Return what the page allows itself: its own scripts, by hash, and no request."""
    running = " ".join(
        f"'sha256-{_sha256(script)}'" for script in (early_script(), *scripts())
    )
    return tag(
        "meta",
        http_equiv="Content-Security-Policy",
        content=f"default-src 'none'; style-src 'unsafe-inline'; script-src {running}; "
        "img-src data:; base-uri 'none'; form-action 'none'",
    )


def icon() -> Html:
    """Return the page's icon; without one a browser asks the server for it."""
    return tag("link", rel="icon", href=ICON)


def _closed(script: str) -> Html:
    return Html(f'(function () {{\n"use strict";\n{script}\n}})();\n')


def _sha256(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
