from __future__ import annotations

import hashlib
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from django.db import IntegrityError, transaction

from apps.core.errors import ApplicationError
from apps.market import errors
from apps.market.enums import Timeframe
from apps.market.models import CandleSeries, Instrument
from apps.market.requests import GivenRules, ImportRequest, SimulationRequest
from apps.market.selectors import bars_get, data_check
from apps.market.services import (
    candles_import,
    instrument_update,
    series_delete,
    simulated_import,
)
from apps.market.services.storing import _Storing
from apps.market.services.work import ImportWork
from apps.market.store.writing import SeriesWriter, WrittenFile
from apps.market.tests.candles import candles, csv_lines, csv_write
from apps.market.tests.factories import series_make, user_make

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from django.db.models import Model

    from apps.users.models import User

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
LINES = csv_lines(candles(300))


def take(
    actor: User,
    folder: Path,
    lines: list[str],
    *,
    work: ImportWork | None = None,
    **asked: Any,
) -> CandleSeries:
    path = csv_write(folder / "candles.csv", lines)
    request = ImportRequest(**{"venue": "binance", "symbol": "BTC/USDT", **asked})
    return candles_import(
        actor=actor, path=path, label=path.name, request=request, now=NOW, work=work
    )


def files(data_dir: Path) -> list[Path]:
    return [one for one in data_dir.rglob("*") if one.is_file()]


def test_an_import_makes_the_instrument_the_series_and_one_file(
    actor: User, data_dir: Path, tmp_path: Path
) -> None:
    series = take(actor, tmp_path, LINES)
    stored = data_dir / series.path
    assert files(data_dir) == [stored]
    assert series.sha256 == hashlib.sha256(stored.read_bytes()).hexdigest()
    assert (series.rows, series.gaps, series.timeframe) == (300, 0, "1h")
    assert series.first == datetime(2024, 1, 1, tzinfo=UTC)
    assert series.last == datetime(2024, 1, 13, 11, tzinfo=UTC)
    instrument = series.instrument
    assert (instrument.base, instrument.quote) == ("BTC", "USDT")
    assert instrument.price_tick == Decimal("0.01")
    assert instrument.quantity_step == Decimal("0.0001")
    assert instrument.rules_source == "inferred"


def test_bars_come_back_as_they_were_imported(
    actor: User, data_dir: Path, tmp_path: Path
) -> None:
    series = take(actor, tmp_path, LINES)
    bars = bars_get(
        series=series,
        start=datetime(2024, 1, 2, tzinfo=UTC),
        end=datetime(2024, 1, 3, tzinfo=UTC),
    )
    assert np.array_equal(bars.time, candles(300).time[24:48])
    assert np.array_equal(bars.close, candles(300).values[3, 24:48])


def test_rows_around_a_series_are_added_to_it(
    actor: User, data_dir: Path, tmp_path: Path
) -> None:
    take(actor, tmp_path, LINES[100:200])
    series = take(actor, tmp_path, LINES[:120])
    series = take(actor, tmp_path, LINES[210:])
    bars = bars_get(series=series)
    assert np.array_equal(bars.time, np.delete(candles(300).time, range(200, 210)))
    assert (series.rows, series.gaps, series.revision) == (290, 1, 3)
    assert series.quality["series"]["gaps"]["missing"] == 10
    assert series.quality["last_import"]["rows"] == 90
    assert files(data_dir) == [data_dir / series.path]


def test_the_same_file_again_changes_no_candle(
    actor: User, data_dir: Path, tmp_path: Path
) -> None:
    first = take(actor, tmp_path, LINES)
    again = take(actor, tmp_path, LINES)
    assert (again.pk, again.rows, again.sha256) == (first.pk, first.rows, first.sha256)


def test_other_numbers_for_a_stored_bar_are_refused_and_change_nothing(
    actor: User, data_dir: Path, tmp_path: Path
) -> None:
    before = take(actor, tmp_path, LINES)
    other = [f"{LINES[7].split(',')[0]},5,6,4,5,1", *LINES[8:]]
    with pytest.raises(errors.CandlesConflict, match="2024-01-01T07:00:00Z"):
        take(actor, tmp_path, other)
    assert CandleSeries.objects.get().sha256 == before.sha256
    assert data_check(now=NOW) == []


def test_other_numbers_replace_a_stored_bar_when_asked(
    actor: User, data_dir: Path, tmp_path: Path
) -> None:
    take(actor, tmp_path, LINES)
    other = [f"{LINES[7].split(',')[0]},5,6,4,5,1", *LINES[8:]]
    series = take(actor, tmp_path, other, replace=True)
    assert bars_get(series=series).close[7] == 5
    assert data_check(now=NOW) == []


def test_two_people_have_series_of_their_own(
    actor: User, data_dir: Path, tmp_path: Path
) -> None:
    one = take(actor, tmp_path, LINES)
    two = take(user_make(), tmp_path, LINES[:50])
    assert one.pk != two.pk
    assert (one.rows, two.rows) == (300, 50)


class BrokenError(ApplicationError):
    """Stands for whatever may go wrong."""


@pytest.mark.parametrize("exists", [False, True])
@pytest.mark.parametrize(
    ("owner", "step"),
    [
        (SeriesWriter, "write"),
        (SeriesWriter, "finish"),
        (WrittenFile, "publish"),
        (_Storing, "switch"),
        (CandleSeries, "full_clean"),
        (CandleSeries, "save"),
    ],
)
def test_an_import_that_fails_at_any_step_leaves_the_old_series_whole(
    actor: User,
    data_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    exists: bool,
    owner: type,
    step: str,
) -> None:
    if exists:
        take(actor, tmp_path, LINES[:100])
    before = list(CandleSeries.objects.values())

    def broken(*args: object, **kwargs: object) -> None:
        raise BrokenError(step)

    with monkeypatch.context() as patch:
        patch.setattr(owner, step, broken)
        with pytest.raises(BrokenError):
            take(actor, tmp_path, LINES)
    assert list(CandleSeries.objects.values()) == before
    assert len(files(data_dir)) == len(before)
    assert data_check(now=NOW) == []


def test_a_run_that_lost_its_job_at_the_commit_leaves_the_old_series(
    actor: User, data_dir: Path, tmp_path: Path
) -> None:
    before = take(actor, tmp_path, LINES[:100])

    @contextmanager
    def lost() -> Iterator[None]:
        with transaction.atomic():
            yield
            msg = "lost"
            raise BrokenError(msg)

    with pytest.raises(BrokenError):
        take(actor, tmp_path, LINES, work=ImportWork(fence=lost))
    assert CandleSeries.objects.get().sha256 == before.sha256
    assert files(data_dir) == [data_dir / before.path]


def test_an_import_that_was_overtaken_builds_upon_the_winner(
    actor: User, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(actor, tmp_path, LINES[:100])
    whole = _Storing.whole

    def overtaken(storing: Any) -> Any:
        monkeypatch.setattr(_Storing, "whole", whole)
        stale = whole(storing)
        candles_import(
            actor=actor,
            path=csv_write(tmp_path / "other.csv", LINES[200:]),
            label="other",
            request=ImportRequest("binance", "BTC/USDT"),
            now=NOW,
        )
        return stale

    monkeypatch.setattr(_Storing, "whole", overtaken)
    series = take(actor, tmp_path, LINES[:150])
    assert np.array_equal(
        bars_get(series=series).time, np.delete(candles(300).time, range(150, 200))
    )
    assert data_check(now=NOW) == []


def test_a_reader_follows_a_series_to_its_new_file(
    actor: User, data_dir: Path, tmp_path: Path
) -> None:
    held = take(actor, tmp_path, LINES[:100])
    take(actor, tmp_path, LINES)
    assert len(bars_get(series=held)) == 300


def test_given_rules_win_over_what_the_candles_show(
    actor: User, data_dir: Path, tmp_path: Path
) -> None:
    rules = GivenRules(Decimal("0.1"), Decimal("0.001"), Decimal("0.01"), Decimal(5))
    series = take(actor, tmp_path, LINES, rules=rules)
    assert series.instrument.rules_source == "given"
    assert series.price_decimals == 1
    again = take(actor, tmp_path, LINES)
    assert again.instrument.price_tick == Decimal("0.1")
    assert again.quality["last_import"]["rounded"] > 0


def test_an_inferred_tick_only_becomes_finer(
    actor: User, data_dir: Path, tmp_path: Path
) -> None:
    take(actor, tmp_path, LINES)
    coarse = [
        f"{1_800_000_000 - 3600 * one},5,6,4,5,1" for one in range(40_000, 40_005)
    ]
    series = take(actor, tmp_path, coarse)
    assert series.instrument.price_tick == Decimal("0.01")


def test_a_tick_coarser_than_stored_prices_is_refused(
    actor: User, data_dir: Path, tmp_path: Path
) -> None:
    series = take(actor, tmp_path, LINES)
    with pytest.raises(errors.RulesInvalid, match="2 decimals"):
        instrument_update(
            actor=actor,
            instrument_id=series.instrument_id,
            rules=GivenRules(price_tick=Decimal(1)),
        )


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"venue": "../x"}, errors.VenueInvalid),
        ({"venue": "simulated"}, errors.VenueInvalid),
        ({"symbol": "BTCUSDT"}, errors.SymbolInvalid),
        ({"rules": GivenRules(price_tick=Decimal(0))}, errors.RulesInvalid),
        ({"rules": GivenRules(min_notional=Decimal("NaN"))}, errors.RulesInvalid),
    ],
)
def test_a_request_that_cannot_be_is_refused_before_the_file_is_read(
    actor: User,
    data_dir: Path,
    tmp_path: Path,
    asked: dict[str, Any],
    error: type[ApplicationError],
) -> None:
    with pytest.raises(error):
        take(actor, tmp_path, [], **asked)


def test_a_deleted_series_takes_its_file_with_it(
    actor: User, data_dir: Path, tmp_path: Path
) -> None:
    series = take(actor, tmp_path, LINES)
    series_delete(actor=actor, series_id=series.pk)
    assert files(data_dir) == []
    with pytest.raises(errors.SeriesNotFound):
        bars_get(series=series)


def test_synthetic_candles_are_the_same_each_time_and_are_marked(
    actor: User, data_dir: Path
) -> None:
    request = SimulationRequest(
        "ETH/USDT",
        Timeframe.H4,
        datetime(2023, 1, 1, tzinfo=UTC),
        datetime(2023, 3, 1, tzinfo=UTC),
    )
    one = simulated_import(actor=actor, request=request, now=NOW)
    two = simulated_import(actor=user_make(), request=request, now=NOW)
    assert (one.synthetic, one.rows, one.instrument.venue) == (True, 354, "simulated")
    assert one.sha256 == two.sha256
    assert one.instrument.rules_source == "given"


def test_check_data_names_each_kind_of_damage(
    actor: User, data_dir: Path, tmp_path: Path
) -> None:
    changed = take(actor, tmp_path, LINES)
    (data_dir / changed.path).write_bytes(b"other bytes")
    missing = series_make()
    for orphan in ("candles/a.parquet", "uploads/x", "scratch/y"):
        (data_dir / orphan).parent.mkdir(parents=True, exist_ok=True)
        (data_dir / orphan).touch()
    later = datetime(2100, 1, 1, tzinfo=UTC)
    found = {(one.code, one.path) for one in data_check(now=later)}
    assert found == {
        ("sha256_differs", changed.path),
        ("file_missing", missing.path),
        ("file_orphaned", "candles/a.parquet"),
        ("upload_orphaned", "uploads/x"),
        ("scratch_left", "scratch/y"),
    }


@pytest.mark.parametrize(
    ("model", "field", "value"),
    [
        (CandleSeries, "rows", 0),
        (CandleSeries, "gaps", 25),
        (CandleSeries, "timeframe", "7m"),
        (CandleSeries, "last", datetime(2023, 1, 1, tzinfo=UTC)),
        (Instrument, "price_tick", 0),
        (Instrument, "quantity_step", -1),
        (Instrument, "min_notional", -1),
        (Instrument, "rules_source", "guessed"),
    ],
)
def test_the_database_itself_refuses_what_cannot_be(
    db: None, model: type[Model], field: str, value: object
) -> None:
    series_make()
    with pytest.raises(IntegrityError):
        model._default_manager.update(**{field: value})
