"""From a strategy to signals: indicators once, rule 1 of the contract, no future."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from apps.engines.contracts import Bars, Signals
from apps.indicators.compute import indicator_compute
from apps.indicators.errors import IndicatorInputInvalid
from apps.strategies.definition import definition_parse
from apps.strategies.errors import StrategyInvalid
from apps.strategies.signals import signals_compute, warmup_bars
from apps.strategies.templates import template_list

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from apps.strategies.definition import StrategyDefinition
    from apps.strategies.templates import StrategyTemplate

MINUTE = 60_000_000_000
SIDES = ("entry_long", "exit_long", "entry_short", "exit_short")


def bars_of(close: Sequence[float] | NDArray[Any]) -> Bars:
    """Return bars with the given closes, each opening at the close before."""
    closes = np.asarray(close, dtype=np.float64)
    opening = np.concatenate((closes[:1], closes[:-1]))
    return Bars(
        time=np.arange(len(closes), dtype=np.int64) * MINUTE,
        open=opening,
        high=np.maximum(opening, closes) + 1,
        low=np.minimum(opening, closes) - 1,
        close=closes,
        volume=np.full(len(closes), 10.0),
        timeframe_ns=MINUTE,
    )


def random_bars(count: int, seed: int = 3) -> Bars:
    return bars_of(100 + np.cumsum(np.random.default_rng(seed).normal(0, 1, count)))


def first_bars(bars: Bars, count: int) -> Bars:
    return Bars(
        time=bars.time[:count],
        open=bars.open[:count],
        high=bars.high[:count],
        low=bars.low[:count],
        close=bars.close[:count],
        volume=bars.volume[:count],
        timeframe_ns=bars.timeframe_ns,
    )


def strategy(
    *,
    entry: Mapping[str, str],
    leave: Mapping[str, str] | None = None,
    indicators: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> StrategyDefinition:
    return definition_parse(
        {
            "name": "test",
            "timeframe": "1m",
            "parameters": parameters or {},
            "indicators": indicators or {},
            "entry": entry,
            "exit": leave or {},
            "sizing": {"kind": "fixed_quote", "amount": "1000"},
            "fees": "0",
            "slippage": "0",
        }
    )


def shown(signal: NDArray[np.bool_]) -> str:
    return "".join("T" if bar else "." for bar in signal)


def test_a_rule_that_is_not_set_never_holds() -> None:
    signals = signals_compute(
        strategy(entry={"long": "close > 1"}), {}, bars_of([2, 2, 0])
    )

    assert shown(signals.entry_long) == "TT."
    assert [shown(getattr(signals, side)) for side in SIDES[1:]] == ["..."] * 3


def test_entry_and_exit_of_one_side_on_one_bar_are_neither() -> None:
    definition = strategy(
        entry={"long": "close > 1", "short": "close < 3"},
        leave={"long": "close > 2", "short": "close < 2"},
    )

    signals = signals_compute(definition, {}, bars_of([1, 2, 3]))

    assert shown(signals.entry_long) == ".T."
    assert shown(signals.exit_long) == "..."
    assert shown(signals.entry_short) == ".T."
    assert shown(signals.exit_short) == "..."


def test_the_two_sides_are_independent_of_each_other() -> None:
    definition = strategy(
        entry={"long": "close > 2"}, leave={"long": "close < 2", "short": "close > 2"}
    )

    signals = signals_compute(definition, {}, bars_of([1, 2, 3]))

    assert shown(signals.entry_long) == shown(signals.exit_short) == "..T"


def test_rules_see_the_indicator_that_the_catalogue_computes() -> None:
    bars = random_bars(200)
    definition = strategy(
        entry={"long": "close > ma"},
        indicators={"ma": {"indicator": "sma", "parameters": {"period": 5}}},
    )

    average = indicator_compute("sma", {"real": bars.close}, {"period": 5})["value"]

    expected = (bars.close > average) & np.isfinite(average)
    assert (signals_compute(definition, {}, bars).entry_long == expected).all()


def test_an_indicator_reads_the_column_that_it_is_given() -> None:
    bars = random_bars(50)
    definition = strategy(
        entry={"long": "ma > close"},
        indicators={
            "ma": {"indicator": "sma", "parameters": {"period": 2}, "input": "high"}
        },
    )

    average = (bars.high[1:] + bars.high[:-1]) / 2

    signals = signals_compute(definition, {}, bars)
    assert (signals.entry_long[1:] == (average > bars.close[1:])).all()


def test_an_indicator_of_fixed_columns_reads_those() -> None:
    bars = random_bars(60)
    definition = strategy(
        entry={"long": "close > shift(channel.upper, 1)"},
        indicators={"channel": {"indicator": "donchian", "parameters": {"period": 4}}},
    )

    signals = signals_compute(definition, {}, bars)

    for i in range(4, len(bars)):
        assert signals.entry_long[i] == (bars.close[i] > bars.high[i - 4 : i].max()), i
    assert signals.entry_long.any()


CHAINED = {
    "slow": {"indicator": "sma", "parameters": {"period": 3}, "input": "fast"},
    "fast": {"indicator": "sma", "parameters": {"period": 4}},
}


def test_an_indicator_of_an_indicator_begins_where_the_other_one_does() -> None:
    bars = random_bars(30)
    definition = strategy(entry={"long": "close > slow"}, indicators=CHAINED)

    signals = signals_compute(definition, {}, bars)

    four = [bars.close[i - 3 : i + 1].mean() for i in range(3, 30)]
    for i in range(5, 30):
        smooth = sum(four[i - 5 : i - 2]) / 3
        assert signals.entry_long[i] == (bars.close[i] > smooth), i
    assert warmup_bars(definition, {}) == 5


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5])
def test_a_series_shorter_than_the_warm_up_gives_no_signals(count: int) -> None:
    definition = strategy(
        entry={"long": "not (close > slow)"}, indicators=CHAINED, leave={}
    )

    signals = signals_compute(definition, {}, bars_of(np.arange(count)))

    assert shown(signals.entry_long) == "." * count


def test_each_indicator_is_computed_once_however_often_rules_name_it() -> None:
    computed: list[str] = []

    def counted(
        name: str, inputs: Mapping[str, Any], params: Mapping[str, float]
    ) -> dict[str, NDArray[np.float64]]:
        computed.append(name)
        return indicator_compute(name, inputs, params)

    definition = strategy(
        entry={"long": "close > bands.upper", "short": "close < bands.lower"},
        leave={"long": "close < bands.middle", "short": "close > bands.middle"},
        indicators={"bands": {"indicator": "bollinger"}},
    )

    signals_compute(definition, {}, random_bars(60), compute=counted)

    assert computed == ["bollinger"]


PERIOD = {"period": {"default": 3, "minimum": 2, "maximum": 9}}
BY_PERIOD = {"ma": {"indicator": "sma", "parameters": {"period": "period"}}}


def test_a_run_may_choose_the_parameters_of_an_indicator() -> None:
    bars = random_bars(40)
    definition = strategy(
        entry={"long": "close > ma"}, indicators=BY_PERIOD, parameters=PERIOD
    )
    fixed = {"ma": {"indicator": "sma", "parameters": {"period": 7}}}
    expected = signals_compute(
        strategy(entry={"long": "close > ma"}, indicators=fixed), {}, bars
    )

    chosen = signals_compute(definition, {"period": 7}, bars)

    assert (chosen.entry_long == expected.entry_long).all()
    assert warmup_bars(definition, {"period": 7}) == 6


def test_a_run_may_not_choose_a_value_outside_the_bounds() -> None:
    definition = strategy(
        entry={"long": "close > ma"}, indicators=BY_PERIOD, parameters=PERIOD
    )

    with pytest.raises(StrategyInvalid) as caught:
        signals_compute(definition, {"period": 10}, random_bars(20))

    assert caught.value.details[0].attr == "parameters.period"
    with pytest.raises(StrategyInvalid):
        warmup_bars(definition, {"period": 10})


def test_values_that_do_not_go_together_are_told_where_they_meet() -> None:
    definition = strategy(
        entry={"long": "momentum.macd > 0"},
        indicators={
            "momentum": {
                "indicator": "macd",
                "parameters": {"fast": "quick", "slow": 10, "signal": 3},
            }
        },
        parameters={"quick": {"default": 5, "minimum": 2, "maximum": 20}},
    )

    with pytest.raises(StrategyInvalid) as caught:
        signals_compute(definition, {"quick": 12}, random_bars(60))

    assert caught.value.attr == "indicators.momentum.parameters.fast"
    assert caught.value.code == "indicator_parameter_invalid"


def test_prices_that_are_not_there_are_refused_not_filled() -> None:
    definition = strategy(
        entry={"long": "close > ma"}, indicators=BY_PERIOD, parameters=PERIOD
    )
    close = np.arange(20.0)
    close[10] = np.nan

    with pytest.raises(IndicatorInputInvalid):
        signals_compute(definition, {}, bars_of(close))


@pytest.mark.parametrize(
    ("rule", "bars"),
    [
        ("close > 1", 0),
        ("close > ma", 2),
        ("crosses_above(close, ma)", 3),
        ("close > shift(channel.upper, 1)", 4),
        ("close > highest(shift(ma, 2), period)", 6),
    ],
)
def test_the_warm_up_is_the_first_bar_on_which_a_rule_can_speak(
    rule: str, bars: int
) -> None:
    channel = {"channel": {"indicator": "donchian", "parameters": {"period": 4}}}
    both = {"long": f"({rule}) or not ({rule})"}
    definition = strategy(entry=both, indicators=BY_PERIOD | channel, parameters=PERIOD)

    signals = signals_compute(definition, {}, random_bars(20))

    # What is always true, once it is defined, shows where it begins to be.
    assert warmup_bars(definition, {}) == bars
    assert int(np.argmax(signals.entry_long)) == bars
    assert signals.entry_long[bars:].all()


def test_the_warm_up_of_a_strategy_is_that_of_its_slowest_rule() -> None:
    definition = strategy(
        entry={"long": "close > ma"},
        leave={"long": "close < lowest(low, 12)"},
        indicators=BY_PERIOD,
        parameters=PERIOD,
    )

    assert warmup_bars(definition, {}) == 11


@settings(max_examples=30, deadline=None)
@given(
    template=st.sampled_from(template_list()),
    seed=st.integers(0, 1_000),
    cut=st.integers(1, 400),
)
def test_cutting_off_the_future_changes_no_earlier_signal(
    template: StrategyTemplate, seed: int, cut: int
) -> None:
    bars = random_bars(400, seed)
    if bars.close.min() <= 0:
        bars = bars_of(bars.close - bars.close.min() + 1)

    whole = signals_compute(template.definition, {}, bars)
    past = signals_compute(template.definition, {}, first_bars(bars, cut))

    for side in SIDES:
        assert (getattr(past, side) == getattr(whole, side)[:cut]).all(), side


@settings(max_examples=30, deadline=None)
@given(
    levels=st.tuples(*[st.integers(-2, 2)] * 4),
    closes=st.lists(st.integers(-3, 3), min_size=1, max_size=20),
)
def test_no_bar_ever_holds_an_entry_and_an_exit_of_one_side(
    levels: tuple[int, ...], closes: list[int]
) -> None:
    definition = strategy(
        entry={"long": f"close > {levels[0]}", "short": f"close < {levels[1]}"},
        leave={"long": f"close < {levels[2]}", "short": f"close > {levels[3]}"},
    )

    signals = signals_compute(definition, {}, bars_of(closes))

    assert isinstance(signals, Signals)
    assert not (signals.entry_long & signals.exit_long).any()
    assert not (signals.entry_short & signals.exit_short).any()
