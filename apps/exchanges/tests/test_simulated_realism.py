"""The synthetic market: it moves like a real one, and is no easier to trade."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from apps.exchanges.adapters.simulated.adapter import SimulatedVenue
from apps.exchanges.adapters.simulated.config import (
    DAY_NS,
    EPOCH_NS,
    INSTRUMENTS,
    MINUTE_NS,
    REGIMES,
    SimulatedConfig,
)
from apps.exchanges.adapters.simulated.daily_path import daily_path, regimes_draw

if TYPE_CHECKING:
    from apps.exchanges.contracts import Candles, CandleSource, FloatArray

HOUR_NS = 60 * MINUTE_NS


def _venue(seed: int = 2020) -> CandleSource:
    return SimulatedVenue(SimulatedConfig(seed=seed))


@pytest.fixture(scope="module")
def hours() -> Candles:
    """Four years of hours, made once for all tests that only read them."""
    return _venue().candles("BTC/USDT", HOUR_NS, EPOCH_NS, EPOCH_NS + 35_000 * HOUR_NS)


def _returns(candles: Candles) -> FloatArray:
    return np.diff(np.log(candles.close))


def _autocorrelation(values: FloatArray, lag: int) -> float:
    return float(np.corrcoef(values[lag:], values[:-lag])[0, 1])


def _kurtosis(values: FloatArray) -> float:
    return float((((values - values.mean()) / values.std()) ** 4).mean())


def test_a_candle_opens_near_the_close_before_it(hours: Candles) -> None:
    gaps = np.abs(hours.open[1:] / hours.close[:-1] - 1)
    assert 0 < gaps.mean() < 0.05 * np.abs(_returns(hours)).mean()


def test_returns_have_fat_tails(hours: Candles) -> None:
    # 3 for a normal; hours of bitcoin have some 20 to 40.
    assert _kurtosis(_returns(hours)) > 6
    assert _kurtosis(np.diff(np.log(hours.close[23::24]))) > 4


def test_volatility_comes_in_clusters(hours: Candles) -> None:
    size = np.abs(_returns(hours))
    assert _autocorrelation(size, 1) > 0.2
    assert _autocorrelation(size, 24 * 5) > 0.05


def test_volume_follows_the_range(hours: Candles) -> None:
    span = np.log(hours.high / hours.low)
    assert np.corrcoef(span, np.log(hours.volume))[0, 1] > 0.5


@pytest.mark.parametrize("lag", [1, 2, 3, 6, 12, 24, 168])
def test_a_return_hardly_tells_the_next(hours: Candles, lag: int) -> None:
    # Four deviations of the estimate under fat tails and clusters.
    assert abs(_autocorrelation(_returns(hours), lag)) < 0.06


@pytest.mark.parametrize("seed", [2020, 1, 2])
@pytest.mark.parametrize(("fast", "slow"), [(5, 20), (20, 100), (100, 400)])
def test_no_moving_average_makes_a_fortune_even_free_of_costs(
    seed: int, fast: int, slow: int
) -> None:
    end = EPOCH_NS + 730 * DAY_NS
    close = _venue(seed).candles("BTC/USDT", HOUR_NS, EPOCH_NS, end).close
    sums = np.concatenate(([0.0], np.cumsum(close)))
    short = (sums[slow:] - sums[slow - fast : -fast]) / fast
    long = (sums[slow:] - sums[:-slow]) / slow
    side = np.sign(short - long)[:-1]
    profit = side * np.diff(np.log(close))[slow - 1 :]
    yearly = float(profit.mean() / profit.std() * np.sqrt(24 * 365))
    # Two years put the deviation of an estimated Sharpe ratio at 0.7.
    assert abs(yearly) < 3


def test_regimes_persist_for_as_long_as_their_odds_say() -> None:
    walk = regimes_draw(np.random.default_rng(3).random(200_000))
    for position, regime in enumerate(REGIMES):
        here = np.flatnonzero(walk[:-1] == position)
        stays = float((walk[here + 1] == position).mean())
        assert stays == pytest.approx(regime.to[position], abs=0.01)


def test_the_odds_of_every_regime_add_up_to_one() -> None:
    for regime in REGIMES:
        assert sum(regime.to) == pytest.approx(1.0, abs=1e-12)


def test_turbulent_days_move_more_than_calm_ones() -> None:
    path = daily_path(2020, INSTRUMENTS[0])
    moves = np.abs(np.diff(path.log_price))
    by_name = {
        regime.name: moves[path.regime == position].mean()
        for position, regime in enumerate(REGIMES)
    }
    assert by_name["turbulent"] > 2 * by_name["calm"]


def test_markets_move_together() -> None:
    one, other = (daily_path(2020, each).log_price for each in INSTRUMENTS[:2])
    assert np.corrcoef(np.diff(one), np.diff(other))[0, 1] > 0.4


def test_prices_stay_plausible_for_the_whole_history() -> None:
    for seed in range(5):
        for instrument in INSTRUMENTS:
            price = np.exp(daily_path(seed, instrument).log_price)
            assert price.max() < 1_000 * instrument.anchor_price
            assert price.min() > 100 * float(instrument.market.price_tick)
