"""The picture of a run: faithful, legible, and quiet towards its process."""

from __future__ import annotations

import struct
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from apps.analysis.chart import chart_render
from apps.analysis.chart_panels import figure_make
from apps.analysis.chart_series import band, decimate
from apps.analysis.chart_theme import STROKES, THEMES
from apps.analysis.tests.runs import bars_make, result_make

if TYPE_CHECKING:
    from apps.analysis.chart_theme import Theme
    from apps.engines.contracts import Bars, FloatArray, RunResult

HOUR_NS = 3_600_000_000_000
ENGINES = ("reference", "vectorbt", "nautilus", "freqtrade", "hftbacktest")


def _walk(count: int, start: float, deviation: float = 0.01) -> FloatArray:
    steps = np.random.default_rng(count).normal(0, deviation, count)
    return start * np.exp(np.cumsum(steps))


def _run(
    count: int = 400, *, price: float = 100.0, capital: float = 1000.0
) -> tuple[Bars, RunResult]:
    bars = bars_make(_walk(count, price), timeframe_ns=HOUR_NS)
    trades = [(i, i + 3, float((-1) ** i), "signal") for i in range(1, count - 5, 7)]
    return bars, result_make(_walk(count, capital), trades=trades)


def _size(png: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_chart_is_a_png_of_the_promised_size(
    theme: Literal["light", "dark"],
) -> None:
    bars, result = _run()
    png = chart_render(title="SMA", bars=bars, runs={"reference": result}, theme=theme)
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert _size(png) == (1920, 1200)


def test_the_same_run_gives_the_same_bytes() -> None:
    bars, result = _run()
    one, other = (
        chart_render(title="SMA", bars=bars, runs={"a": result}, theme="dark")
        for _ in range(2)
    )
    assert one == other


@pytest.mark.parametrize("engines", [1, 3, 5])
@pytest.mark.parametrize(
    ("price", "capital"), [(0.00001234, 5.0), (98_765.0, 1e9), (7e6, 3e13)]
)
@pytest.mark.parametrize("title", ["SMA", "W" * 200, "$\\frac$ of ETH"])
def test_no_text_is_cut_off_by_the_edge_of_the_page(
    engines: int, price: float, capital: float, title: str
) -> None:
    bars, result = _run(price=price, capital=capital)
    runs = dict.fromkeys((*ENGINES[: engines - 1], "a very $\\frac$ engine"), result)
    figure = figure_make(title=title, bars=bars, runs=runs, theme=THEMES["light"])
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]  # type: ignore[no-untyped-call]
    assert (pixels != 255).any()
    # Whatever is cut off leaves ink at the very edge.
    for edge in (pixels[:4], pixels[-4:], pixels[:, :4], pixels[:, -4:]):
        assert (edge == 255).all()


def test_a_long_title_ends_before_the_table() -> None:
    bars, result = _run()
    figure = figure_make(
        title="W" * 300, bars=bars, runs={"a": result}, theme=THEMES["light"]
    )
    texts = [each for each in figure.findobj(Text) if isinstance(each, Text)]
    (title,) = (each for each in texts if each.get_text().startswith("WW"))
    (heading,) = (each for each in texts if each.get_text() == "Engine")
    assert title.get_text().endswith("…")
    assert title.get_window_extent().x1 < heading.get_window_extent().x0


def test_the_table_says_what_each_engine_made() -> None:
    bars, _ = _run(3)
    runs = {
        "up": result_make([100.0, 100.0, 112.5]),
        "down": result_make([100.0, 100.0, 75.0], trades=[(1, 2, -25.0, "signal")]),
    }
    figure = figure_make(title="t", bars=bars, runs=runs, theme=THEMES["light"])
    texts = {each.get_text() for each in figure.findobj(Text) if isinstance(each, Text)}
    assert {"up", "down", "+12.50%", "\N{MINUS SIGN}25.00%", "0", "1"} <= texts


@pytest.mark.parametrize(
    "equity",
    [[1000.0, 1000.0], [1000.0, -50.0], [1e-9, 1e9], [1000.0, 0.0]],
    ids=["flat", "below zero", "many magnitudes", "ruined"],
)
def test_odd_equity_is_drawn_without_a_warning(equity: list[float]) -> None:
    bars = bars_make([5.0, 5.0], timeframe_ns=HOUR_NS)
    png = chart_render(
        title="odd", bars=bars, runs={"a": result_make(equity)}, theme="light"
    )
    assert _size(png) == (1920, 1200)


def test_short_entries_stand_above_the_price_and_long_ones_below() -> None:
    bars, result = _run(60)
    result.trades.side[::2] = -1
    figure = figure_make(title="t", bars=bars, runs={"a": result}, theme=THEMES["dark"])
    price = figure.axes[1]
    moved = {
        line.get_marker(): line.get_transform().transform((0, 0))[1]
        - price.transData.transform((0, 0))[1]
        for line in price.lines
        if line.get_marker() in {"^", "v"}
    }
    assert moved["^"] < 0 < moved["v"]


def test_each_equal_curve_leaves_the_one_below_it_visible() -> None:
    for below, above in pairwise(STROKES):
        narrower = above.width < below.width
        broken = len(above.dashes[1]) > 0 and below.dashes != above.dashes
        assert narrower or broken


def test_drawing_changes_no_global_state_of_matplotlib() -> None:
    before = dict(mpl.rcParams)
    bars, result = _run()
    chart_render(title="t", bars=bars, runs={"a": result}, theme="dark")
    assert dict(mpl.rcParams) == before


def test_matplotlib_is_loaded_at_the_first_chart_and_pyplot_never() -> None:
    script = (
        "import sys\n"
        "from apps.analysis.chart import chart_render\n"
        "assert 'matplotlib' not in sys.modules\n"
        "import numpy as np\n"
        "from apps.analysis.tests.runs import bars_make, result_make\n"
        "bars = bars_make([1.0, 2.0], timeframe_ns=60_000_000_000)\n"
        "runs = {'a': result_make([1.0, 2.0])}\n"
        "chart_render(title='t', bars=bars, runs=runs, theme='light')\n"
        "assert 'matplotlib' in sys.modules\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run(  # noqa: S603
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[3],
        check=True,
        timeout=60,
    )


def test_half_a_million_bars_are_drawn_in_a_moment() -> None:
    bars, _ = _run(525_600)
    trades = [(i, i + 50, float((-1) ** i), "signal") for i in range(1, 525_000, 101)]
    result = result_make(_walk(525_600, 1000.0, 1e-3), trades=trades)
    runs = dict.fromkeys(ENGINES, result)
    began = time.process_time()
    chart_render(title="a year of minutes", bars=bars, runs=runs, theme="light")
    # About 1 s; without decimation it is far more.
    assert time.process_time() - began < 6


@pytest.mark.parametrize(
    ("count", "equity", "names", "said"),
    [
        (1, 1, ["a"], "1 bars and 1 runs"),
        (5, 5, [], "5 bars and 0 runs"),
        (5, 4, ["a"], "a has 4 values of equity for 5 bars"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    count: int, equity: int, names: list[str], said: str
) -> None:
    bars = bars_make([1.0] * count, timeframe_ns=HOUR_NS)
    runs = {name: result_make([1.0] * equity) for name in names}
    with pytest.raises(ValueError, match=said):
        chart_render(title="t", bars=bars, runs=runs, theme="light")


def test_an_unknown_theme_is_refused_with_the_known_ones() -> None:
    bars, result = _run(5)
    with pytest.raises(ValueError, match="dark, light"):
        chart_render(title="t", bars=bars, runs={"a": result}, theme="sepia")  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(-1000, 1000), min_size=1, max_size=400),
    st.integers(1, 30),
)
def test_decimation_keeps_the_extremes_and_the_ends(
    values: list[int], buckets: int
) -> None:
    curve = np.array(values, dtype=np.float64)
    kept = decimate(curve, buckets=buckets)
    assert (np.diff(kept) > 0).all()
    assert len(kept) <= 2 * buckets + 2
    assert (kept[0], kept[-1]) == (0, len(curve) - 1)
    assert curve[kept].min() == curve.min()
    assert curve[kept].max() == curve.max()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 1000), min_size=1, max_size=300), st.integers(1, 30))
def test_a_band_covers_every_bar(values: list[int], buckets: int) -> None:
    low = np.array(values, dtype=np.float64)
    high = low + 1
    starts, lowest, highest = band(low, high, buckets=buckets)
    assert len(starts) <= buckets
    bucket = np.searchsorted(starts, np.arange(len(low)), side="right") - 1
    assert (lowest[bucket] <= low).all()
    assert (highest[bucket] >= high).all()


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES.keys())
def test_text_can_be_read_on_its_page(theme: Theme) -> None:
    # WCAG 2.2, success criterion 1.4.3: 4.5 to 1.
    for colour in (theme.text, theme.quiet):
        light, dark = sorted((_luminance(colour), _luminance(theme.page)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5
