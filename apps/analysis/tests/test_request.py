"""Asking for a backtest: what cannot be done is refused before anything runs."""

from __future__ import annotations

import math
import uuid
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from apps.analysis.errors import EnginesInvalid, RangeEmpty, TimeframeMismatch
from apps.analysis.kinds import RUN_KIND
from apps.analysis.models import Backtest
from apps.analysis.services.request import backtest_request
from apps.analysis.tests.factories import (
    FIRST,
    NOW,
    request_make,
    series_make,
    strategy_make,
)
from apps.engines import registry
from apps.engines.errors import EngineUnavailable, EngineUnknown, UnsupportedByEngine
from apps.jobs.enums import JobQueue, JobState
from apps.jobs.models import Job
from apps.market.enums import Timeframe
from apps.market.errors import SeriesNotFound
from apps.strategies.errors import (
    StrategyInvalid,
    StrategyNotFound,
    StrategyVersionNotFound,
)
from apps.users.tests.factories import UserFactory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.core.errors import ApplicationError
    from apps.market.models import CandleSeries
    from apps.strategies.models import Strategy
    from apps.users.models import User

BOTH = ("reference", "vectorbt")
SHORT = {"entry": {"short": "close < slow_ma"}, "exit": {"short": "close > slow_ma"}}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_left_by_a_refusal() -> Iterator[None]:
    yield
    # A backtest without its job, or a job without its backtest, would wait for ever.
    assert Job.objects.filter(kind=RUN_KIND).count() == Backtest.objects.count()


def refused(
    kind: type[ApplicationError], user: User, series: Any, strategy: Any, **changes: Any
) -> ApplicationError:
    """Return the error of a request that must be refused with nothing stored."""
    with pytest.raises(kind) as caught:
        backtest_request(
            actor=user, request=request_make(series, strategy, **changes), now=NOW
        )
    assert not Backtest.objects.exists()
    return caught.value


# --- what is taken


def test_a_request_is_stored_with_its_queued_job(
    user: User, series: CandleSeries, strategy: Strategy
) -> None:
    backtest = backtest_request(
        actor=user, request=request_make(series, strategy), now=NOW
    )

    assert backtest.job is not None
    assert (backtest.job.kind, backtest.job.queue) == (RUN_KIND, JobQueue.BACKTEST)
    assert (backtest.job.state, backtest.job.enqueued_at) == (JobState.QUEUED, NOW)
    assert backtest.job.payload == {"backtest": str(backtest.pk)}


def test_what_is_not_said_comes_from_the_strategy(
    user: User, series: CandleSeries, strategy: Strategy
) -> None:
    backtest = backtest_request(
        actor=user, request=request_make(series, strategy), now=NOW
    )

    assert (backtest.fees, backtest.slippage) == (Decimal("0.001"), Decimal(0))
    assert backtest.parameters == {"fast": 3, "slow": 9}
    assert backtest.strategy_version == strategy.latest


def test_what_is_said_wins_over_the_strategy(
    user: User, series: CandleSeries, strategy: Strategy
) -> None:
    changes = {
        "fees": Decimal(0),
        "slippage": Decimal("0.01"),
        "parameters": {"fast": 4},
    }

    backtest = backtest_request(
        actor=user, request=request_make(series, strategy, **changes), now=NOW
    )

    assert (backtest.fees, backtest.slippage) == (Decimal(0), Decimal("0.01"))
    assert backtest.parameters == {"fast": 4, "slow": 9}


# --- what is not there, or not the caller's


@pytest.mark.parametrize("name", ["series_id", "strategy_id"])
def test_what_there_is_not_cannot_be_judged(
    user: User, series: CandleSeries, strategy: Strategy, name: str
) -> None:
    kind = SeriesNotFound if name == "series_id" else StrategyNotFound

    refused(kind, user, series, strategy, **{name: uuid.uuid4()})


def test_nobody_can_use_somebody_elses_candles_or_strategy(
    user: User, series: CandleSeries, strategy: Strategy
) -> None:
    other = UserFactory.create()

    refused(StrategyNotFound, other, series_make(other), strategy)
    refused(SeriesNotFound, other, series, strategy_make(other))


def test_a_version_that_there_is_not_is_refused(
    user: User, series: CandleSeries, strategy: Strategy
) -> None:
    error = refused(StrategyVersionNotFound, user, series, strategy, version=2)

    assert error.attr == "version"


# --- engines


@pytest.mark.parametrize("engines", [(), ("reference", "reference")])
def test_no_engine_or_one_twice_is_refused(
    user: User, series: CandleSeries, strategy: Strategy, engines: tuple[str, ...]
) -> None:
    error = refused(EnginesInvalid, user, series, strategy, engines=engines)

    assert error.attr == "engines"


def test_an_engine_that_there_is_not_offers_a_near_name(
    user: User, series: CandleSeries, strategy: Strategy
) -> None:
    error = refused(EngineUnknown, user, series, strategy, engines=("referense",))

    assert error.attr == "engines"
    assert "Did you mean 'reference'?" in error.message


def test_an_engine_that_is_not_installed_says_how_to_get_it(
    user: User,
    series: CandleSeries,
    strategy: Strategy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        registry, "version_of", lambda name: None if name == "vectorbt" else "1"
    )

    error = refused(EngineUnavailable, user, series, strategy, engines=BOTH)

    assert "uv sync --extra vectorbt" in error.message


@pytest.mark.parametrize(
    ("changes", "attr"),
    [
        (SHORT, "entry.short"),
        ({"trailing_stop": "0.05"}, "trailing_stop"),
        ({"sizing": {"kind": "percent_of_equity", "fraction": "0.5"}}, "sizing.kind"),
    ],
)
@pytest.mark.usefixtures("_all_engines_installed")
def test_an_option_that_an_engine_cannot_honour_is_refused_by_name(
    user: User, series: CandleSeries, changes: dict[str, Any], attr: str
) -> None:
    strategy = strategy_make(user, **changes)

    error = refused(UnsupportedByEngine, user, series, strategy, engines=BOTH)

    assert error.attr == attr
    assert "'vectorbt'" in error.message


@pytest.mark.usefixtures("_all_engines_installed")
def test_all_options_that_an_engine_cannot_honour_come_at_once(
    user: User, series: CandleSeries
) -> None:
    strategy = strategy_make(user, trailing_stop="0.05", **SHORT)

    error = refused(UnsupportedByEngine, user, series, strategy, engines=BOTH)

    assert {one.attr for one in error.details} == {"entry.short", "trailing_stop"}


@pytest.mark.parametrize("changes", [SHORT, {"trailing_stop": "0.05"}])
def test_an_engine_that_honours_them_is_not_refused(
    user: User, series: CandleSeries, changes: dict[str, Any]
) -> None:
    request = request_make(series, strategy_make(user, **changes))

    assert backtest_request(actor=user, request=request, now=NOW).job is not None


# --- candles


def test_a_strategy_for_other_bars_is_refused(user: User, series: CandleSeries) -> None:
    strategy = strategy_make(user, timeframe="4h")

    error = refused(TimeframeMismatch, user, series, strategy)

    assert error.attr == "series"
    assert "4h" in error.message
    assert "1h" in error.message


def test_the_same_strategy_runs_on_bars_of_its_length(user: User) -> None:
    request = request_make(
        series_make(user, timeframe=Timeframe.H4), strategy_make(user, timeframe="4h")
    )

    assert backtest_request(actor=user, request=request, now=NOW).job is not None


def test_a_range_after_the_last_candle_is_refused(
    user: User, series: CandleSeries, strategy: Strategy
) -> None:
    start = series.last + timedelta(seconds=1)

    error = refused(RangeEmpty, user, series, strategy, start=start)

    assert error.attr == "start"
    assert "2024-01-20" in error.message


def test_a_range_before_the_first_candle_is_refused(
    user: User, series: CandleSeries, strategy: Strategy
) -> None:
    # The end is exclusive, so this range has no candle.
    error = refused(RangeEmpty, user, series, strategy, end=FIRST)

    assert error.attr == "end"


def test_a_range_with_one_candle_is_not_empty(
    user: User, series: CandleSeries, strategy: Strategy
) -> None:
    request = request_make(series, strategy, start=series.last)

    assert backtest_request(actor=user, request=request, now=NOW).job is not None


# --- parameters


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"fsat": 3}, "parameter_unknown"),
        ({"fast": 1}, "parameter_out_of_range"),
        ({"fast": 11}, "parameter_out_of_range"),
        ({"fast": 2.5}, "parameter_not_integer"),
        ({"fast": math.nan}, "strategy_number_invalid"),
        ({"fast": math.inf}, "strategy_number_invalid"),
        ({"fast": 10**308}, "strategy_number_invalid"),
    ],
)
def test_a_parameter_that_does_not_fit_is_refused(
    user: User,
    series: CandleSeries,
    strategy: Strategy,
    parameters: dict[str, float],
    code: str,
) -> None:
    error = refused(StrategyInvalid, user, series, strategy, parameters=parameters)

    assert [one.code for one in error.details] == [code]
    assert next(iter(parameters)) in str(error.details[0].attr)


def test_all_parameters_that_do_not_fit_come_at_once(
    user: User, series: CandleSeries, strategy: Strategy
) -> None:
    parameters = {"fast": 99, "slow": 1, "other": 0}

    error = refused(StrategyInvalid, user, series, strategy, parameters=parameters)

    assert len(error.details) == 3
