from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest

from apps.measures.correlation import correlation
from apps.measures.value_at_risk import (
    christoffersen,
    cornish_fisher_var,
    exceedances,
    historical_loss,
    kupiec,
    normal_loss,
)

RANDOM = np.random.default_rng(11)
RETURNS = RANDOM.normal(0.001, 0.02, 1000)


def test_the_historical_loss_is_one_that_was_seen() -> None:
    returns = np.array([0.01 * i for i in range(-10, 90)])
    loss = historical_loss(returns, confidence=0.95)
    assert loss is not None
    # The fifth worst of 100, and the mean of the five worst.
    assert loss.value_at_risk == pytest.approx(0.06)
    assert loss.shortfall == pytest.approx(0.08)


def test_the_normal_loss_is_that_of_the_tables() -> None:
    ones = np.array([1.0, -1.0] * 5000)
    scale = float(ones.std(ddof=1))
    for confidence, quantile, shortfall in (
        (0.95, 1.6449, 2.0627),
        (0.99, 2.3263, 2.6652),
    ):
        loss = normal_loss(ones, confidence=confidence)
        assert loss is not None
        assert loss.value_at_risk / scale == pytest.approx(quantile, abs=1e-4)
        assert loss.shortfall / scale == pytest.approx(shortfall, abs=1e-4)


def test_the_shortfall_is_never_less_than_the_value_at_risk() -> None:
    for confidence in (0.5, 0.9, 0.95, 0.99, 0.999):
        for measure in (historical_loss, normal_loss):
            loss = measure(RETURNS, confidence=confidence)
            assert loss is not None
            assert loss.shortfall >= loss.value_at_risk


def test_all_methods_agree_on_returns_that_are_normal() -> None:
    exact = 0.02 * NormalDist().inv_cdf(0.95) - 0.001
    many = RANDOM.normal(0.001, 0.02, 200_000)
    past, normal = (
        measure(many, confidence=0.95) for measure in (historical_loss, normal_loss)
    )
    assert past is not None
    assert normal is not None
    modified = cornish_fisher_var(many, confidence=0.95)
    for one in (past.value_at_risk, normal.value_at_risk, modified):
        assert one == pytest.approx(exact, rel=0.02)


def test_fat_tails_make_the_corrected_loss_deeper_far_out() -> None:
    fat = RANDOM.standard_t(8, 5000) * 0.01
    normal = normal_loss(fat, confidence=0.999)
    modified = cornish_fisher_var(fat, confidence=0.999)
    assert normal is not None
    assert modified is not None
    assert modified > normal.value_at_risk


def test_an_expansion_that_is_no_quantile_is_none() -> None:
    crash = np.array([0.001, -0.001] * 200 + [-0.9])
    assert cornish_fisher_var(crash, confidence=0.99) is None
    assert cornish_fisher_var(np.zeros(50), confidence=0.99) is None


def test_kupiec_is_what_jorion_reckons_for_twenty_bad_days() -> None:
    # Jorion (2006), ch. 6: J.P. Morgan, 1998, 20 of 252 days at 95 %: 3.91.
    found = kupiec(20, 252, confidence=0.95)
    assert found is not None
    assert found.statistic == pytest.approx(3.91, abs=0.005)
    assert found.p_value < 0.05


def test_kupiec_is_the_ratio_of_the_likelihoods() -> None:
    for hits, periods in ((0, 250), (1, 250), (3, 250), (60, 60)):
        found = kupiec(hits, periods, confidence=0.99)
        assert found is not None
        share = hits / periods
        likely = 0.99 ** (periods - hits) * 0.01**hits
        best = (1 - share) ** (periods - hits) * share**hits
        assert found.statistic == pytest.approx(-2 * math.log(likely / best), abs=1e-9)
    assert kupiec(0, 0, confidence=0.99) is None


def test_exceedances_in_a_row_are_not_independent() -> None:
    apart = np.zeros(500, dtype=np.bool_)
    apart[::20] = True
    together = np.zeros(500, dtype=np.bool_)
    together[100:125] = True
    spread, clustered = christoffersen(apart), christoffersen(together)
    assert spread is not None
    assert clustered is not None
    assert spread.p_value > 0.05
    assert clustered.p_value < 1e-6
    assert christoffersen(np.zeros(10, dtype=np.bool_)) is None


def test_a_forecast_knows_only_what_was_before_it() -> None:
    hits = exceedances(RETURNS, window=100, confidence=0.95)
    assert len(hits) == 900
    changed = RETURNS.copy()
    changed[600:] *= 5
    again = exceedances(changed, window=100, confidence=0.95)
    assert (again[:500] == hits[:500]).all()
    assert 0.02 < hits.mean() < 0.09


def test_correlation_is_that_of_numpy_and_within_one() -> None:
    other = 0.5 * RETURNS + RANDOM.normal(0, 0.01, 1000)
    assert correlation(RETURNS, other) == pytest.approx(
        np.corrcoef(RETURNS, other)[0, 1]
    )
    assert correlation(RETURNS, -3 * RETURNS) == pytest.approx(-1)
    assert correlation([0.1, 0.1, 0.1], [1.0, 2.0, 3.0]) is None
    assert correlation([0.1], [0.1]) is None
