"""The page of a run: whole in itself, safe, true to its figures, and readable."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from apps.analysis.report import numbers, report_render
from apps.analysis.report.look import EXTRA
from apps.analysis.report.markup import Html, tag
from apps.analysis.tests.reports import (
    HEADING,
    HOUR_NS,
    Page,
    lesson,
    participant,
    payload,
    render,
    report_make,
    run_make,
)
from apps.analysis.tests.runs import bars_make, result_make

if TYPE_CHECKING:
    from apps.engines.contracts import RunResult

REPORT = Path(__file__).parents[1] / "report"
NASTY = "</script><script>alert(1)</script><!-- <b>\"'&amp;"


def pages() -> dict[str, str]:
    bars, run = run_make()
    runs = {"reference": run, "vectorbt": run, "nautilus": run}
    agreeing, differing = report_make(runs, bars), report_make(runs, bars, differing=3)
    native = differing | {
        "participants": [participant(name, run, mode="native") for name in runs],
        "lessons": [lesson("vectorbt")],
    }
    return {
        "plain": render(bars, {"reference": run}),
        "agree": render(bars, runs, agreeing),
        "differ": render(bars, runs, differing),
        "native": render(bars, runs, native, mode="native", synthetic=True),
    }


PAGES = pages()
every_page = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())


@every_page
def test_a_page_is_well_formed_and_its_names_are_unique(page: str) -> None:
    parsed = Page(page)
    assert parsed.open == []
    names = [found["id"] for _, found in parsed.elements if found.get("id")]
    assert len(names) == len(set(names))
    inside = {f"#{name}" for name in names}
    for kind, found in parsed.elements:
        if kind == "a" and str(found["href"]).startswith("#"):
            assert found["href"] in inside


@every_page
def test_a_page_asks_nothing_of_any_network(page: str) -> None:
    for kind, found in Page(page).elements:
        assert not {"src", "srcset", "action", "data", "poster"} & set(found)
        if "href" in found and kind != "a":
            assert str(found["href"]).startswith("data:")
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    for script in Page(page).scripts:
        assert not re.search(
            r"\bfetch\(|XMLHttpRequest|WebSocket|sendBeacon|\beval\(|new Function|"
            r"\bimport\(",
            script,
        )


@every_page
def test_a_page_lets_only_its_own_scripts_run(page: str) -> None:
    parsed = Page(page)
    (policy,) = (
        str(found["content"])
        for _, found in parsed.elements
        if found.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'")
    allowed = policy.split("script-src ")[1].split(";")[0]
    early, _, library, ours = parsed.scripts
    for script in (early, library, ours):
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in allowed
    assert "unsafe" not in allowed
    assert not any(
        name.startswith("on") for _, found in parsed.elements for name in found
    )


def test_the_same_input_gives_the_same_page() -> None:
    assert pages() == PAGES


@every_page
def test_verdict_and_tables_are_there_without_scripts(page: str) -> None:
    words = Page(page).words
    assert "Total return" in words
    assert "SMA cross" in words
    assert "Scripts are off" not in words
    assert "scripts are off here" in words


def test_a_page_says_the_verdict_and_where_engines_part() -> None:
    assert "All 3 agree" in Page(PAGES["agree"]).words
    differ = Page(PAGES["differ"]).words
    for said in (
        "They differ",
        "reference and vectorbt are the first to part, on 2020-01-01 08:00",
        "39 of 42 identical",
        "92.9%",
        "fill price",
        "no such trade",
        "enters long at 12",
        "they part here",
    ):
        assert said in differ, said
    assert "First divergence" not in Page(PAGES["agree"]).words


def test_a_native_page_says_what_the_defaults_cost_and_that_candles_are_made_up() -> (
    None
):
    words = Page(PAGES["native"]).words
    assert "Its defaults gave away 15.00 USDT" in words
    assert f"{numbers.MINUS}20.00" in words
    assert "Synthetic candles." in words
    assert "Synthetic candles." not in Page(PAGES["differ"]).words


def _page_with(text: str) -> str:
    """Return a page on which everything that comes from outside is one text."""
    bars, run = run_make()
    told = replace(run, notes=(text,), ignored=(text,), versions={text: text})
    runs = {text: told, f"{text}2": told}
    report = report_make(runs, bars, differing=2)
    error = {"code": text, "detail": text}
    report["participants"].append(participant("lost", None, error=error))
    report["left_out"] = [{"engine": text, "code": text, "reason": text}]
    report["lessons"] = [lesson(text)]
    report["first_divergence"]["detail"] = text
    return render(bars, runs, report, title=text, market=text, quote=text)


def test_text_from_outside_stays_text() -> None:
    page = _page_with(NASTY)
    nasty, tame = Page(page), Page(_page_with("tame"))
    assert [kind for kind, _ in nasty.elements] == [kind for kind, _ in tame.elements]
    assert nasty.words.count(NASTY) == tame.words.count("tame")
    assert len(nasty.scripts) == len(tame.scripts)
    assert payload(page)["engines"][0]["name"] == NASTY


@pytest.mark.parametrize(
    ("made", "written"),
    [
        (tag("p", "a < b", Html("<b>c</b>")), "<p>a &lt; b<b>c</b></p>"),
        (tag("p", None, data_is='"x"'), '<p data-is="&quot;x&quot;"></p>'),
        (tag("input", checked=True, hidden=False), "<input checked>"),
    ],
)
def test_an_element_escapes_all_but_html(made: Html, written: str) -> None:
    assert made == written


def test_the_library_is_the_one_that_its_note_names() -> None:
    note = (REPORT / "vendor" / "README.txt").read_text()
    library = REPORT / "vendor" / "lightweight-charts.standalone.production.js"
    assert hashlib.sha256(library.read_bytes()).hexdigest() in note
    assert "5.2.1" in library.read_text()[:300]
    assert "TradingView, Inc." in Page(PAGES["plain"]).words


def _degenerate() -> dict[str, tuple[Any, dict[str, RunResult], Any]]:
    bars, run = run_make(40)
    nan = np.full(len(run.trades), np.nan)
    unknown = np.full(len(run.trades), -1, dtype=np.int8)
    listed = replace(
        run,
        equity=np.array([]),
        trades=replace(
            run.trades, entry_fee=nan, exit_fee=nan, profit=nan, exit_reason=unknown
        ),
    )
    both = {"import": listed, "reference": run}
    failed = report_make({"reference": run, "vectorbt": run}, bars, differing=1)
    failed |= {"pairs": [], "first_divergence": None}
    error = {"code": "engine_crashed", "detail": "It aborted."}
    failed["participants"][1] = participant("vectorbt", None, error=error)
    one_bar = bars_make([5.0], timeframe_ns=HOUR_NS)
    quiet = result_make(np.full(40, 1000.0))
    return {
        "no trades": (bars, {"a": quiet, "b": quiet}, {"a": quiet, "b": quiet}),
        "one bar": (one_bar, {"a": result_make([1000.0])}, None),
        "a failed engine": (bars, {"reference": run}, failed),
        "a list of trades": (bars, both, both),
        "nobody": (bars, {}, None),
    }


@pytest.mark.parametrize("name", _degenerate())
def test_little_is_still_a_page(name: str) -> None:
    bars, runs, told = _degenerate()[name]
    report = told
    if told is not None and "verdict" not in told:
        report = report_make(told, bars)
    page = render(bars, runs, report)
    assert Page(page).open == []
    words = Page(page).words
    assert not re.search(r"\b(nan|None|inf)\b", words)
    if name == "a failed engine":
        assert "vectorbt has no result: It aborted. engine_crashed" in words
        assert "Nothing to compare" in words
    if name == "a list of trades":
        assert "no curve: only its trades are known" in words
        assert payload(page)["engines"][0]["curve"] is None


def test_measures_without_a_value_are_a_dash() -> None:
    bars, run = run_make()
    page = report_render(
        heading=HEADING,
        bars=bars,
        runs={"a": run},
        metrics={"a": {"sharpe": None, "total_return": float("nan")}},
        report=None,
    )
    assert f"Sharpe ratio {numbers.NONE}" in Page(page).words
    assert not re.search(r"\bnan\b", Page(page).words)


@pytest.mark.parametrize(
    ("equity", "last_exit", "said"),
    [
        ([1.0] * 4, 2, "4 values of equity for 5 bars"),
        ([1.0, np.nan, 1.0, 1.0, 1.0], 2, "equity of a at bar 1 is nan"),
        ([1.0] * 5, 5, "trade 0 of a is of bars 1 to 5"),
    ],
)
def test_a_run_that_is_not_of_the_bars_is_refused(
    equity: list[float], last_exit: int, said: str
) -> None:
    bars = bars_make([1.0] * 5, timeframe_ns=HOUR_NS)
    run = result_make(equity, trades=[(1, last_exit, 0.0, "signal")])
    with pytest.raises(ValueError, match=said):
        report_render(
            heading=HEADING, bars=bars, runs={"a": run}, metrics={}, report=None
        )


def test_a_series_without_bars_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one bar"):
        render(bars_make([], timeframe_ns=HOUR_NS), {})


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("theme", "page"), [("light", "#ffffff"), ("dark", "#10151c")])
def test_signs_can_be_told_from_the_page(theme: str, page: str) -> None:
    # WCAG 2.2, success criterion 1.4.11: 3 to 1 for what is no text.
    signs = {name: each for name, each in EXTRA[theme].items() if name != "raised"}
    for colour in signs.values():
        light, dark = sorted((_luminance(colour), _luminance(page)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 3


def test_a_report_needs_no_framework_and_no_settings() -> None:
    script = (
        "import sys\n"
        "import apps.analysis.report\n"
        "heavy = {'django', 'matplotlib', 'pyarrow', 'config'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run(  # noqa: S603
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[3],
        check=True,
        timeout=60,
    )


CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.mark.integration
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
@pytest.mark.parametrize("name", ["plain", "differ"])
def test_a_browser_draws_the_charts_without_a_complaint(
    name: str, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    path.write_text(PAGES[name], encoding="utf-8")
    done = subprocess.run(  # noqa: S603 - our own page
        [
            str(CHROMIUM),
            *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
            *("--no-first-run", "--disable-background-networking", "--disable-sync"),
            *("--disable-component-update", "--enable-logging=stderr"),
            *(f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=5000"),
            *("--dump-dom", path.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "CONSOLE" not in done.stderr
    # A canvas and its overlay for each panel and axis.
    assert done.stdout.count("<canvas") >= (12 if name == "plain" else 18)
    assert "Point at a candle or a trade to read it." in done.stdout
