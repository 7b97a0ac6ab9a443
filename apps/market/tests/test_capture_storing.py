"""Captured order books at rest: one row and one file, or nothing."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from apps.core.errors import ApplicationError
from apps.market import errors
from apps.market.models import BookCapture, Instrument
from apps.market.requests import GivenRules
from apps.market.selectors import data_check
from apps.market.services import instrument_update
from apps.market.services.work import ImportWork
from apps.market.store.writing import WrittenFile
from apps.market.tests.captures import capture_take, files
from apps.market.tests.factories import user_make

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django import Settings

    from apps.market.tests.captures import FakeReader
    from apps.users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("reader")]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


def test_an_unknown_instrument_is_made_of_what_the_capture_shows(
    actor: User, data_dir: Path
) -> None:
    instrument = capture_take(actor).instrument
    assert (instrument.base, instrument.quote) == ("BTC", "USDT")
    assert instrument.price_tick == Decimal("0.1")
    assert instrument.quantity_step == instrument.min_quantity == Decimal("0.001")
    assert instrument.rules_source == "inferred"


def test_given_rules_win_over_what_the_capture_shows(
    actor: User, data_dir: Path
) -> None:
    rules = GivenRules(Decimal("0.05"), Decimal("0.001"), Decimal("0.01"), Decimal(5))
    instrument = capture_take(actor, rules=rules).instrument
    assert instrument.rules_source == "given"
    assert instrument.price_tick == Decimal("0.05")
    assert instrument.min_notional == Decimal(5)


def test_a_tick_that_the_prices_do_not_fit_is_refused_before_and_after(
    actor: User, data_dir: Path
) -> None:
    coarse = GivenRules(price_tick=Decimal(1))
    with pytest.raises(errors.RulesInvalid, match="have 1 decimals") as caught:
        capture_take(actor, rules=coarse)
    assert caught.value.attr == "price_tick"
    assert files(data_dir) == []
    assert not Instrument.objects.exists()
    instrument_id = capture_take(actor).instrument_id
    with pytest.raises(errors.RulesInvalid, match="the captures that are stored"):
        instrument_update(actor=actor, instrument_id=instrument_id, rules=coarse)


def test_the_same_capture_again_is_the_same_row_and_restores_its_file(
    actor: User, data_dir: Path
) -> None:
    first = capture_take(actor)
    (data_dir / first.path).write_bytes(b"damaged")
    assert [one.code for one in data_check(now=NOW)] == ["sha256_differs"]
    again = capture_take(actor)
    assert (again.pk, again.path) == (first.pk, first.path)
    assert data_check(now=NOW) == []


def test_other_rows_are_another_capture_of_the_same_instrument(
    actor: User, data_dir: Path, reader: FakeReader
) -> None:
    first = capture_take(actor)
    reader.prices = (100.3, 100.4)
    second = capture_take(actor)
    assert second.instrument_id == first.instrument_id
    assert files(data_dir) == sorted([first.path, second.path])


def test_two_imports_at_once_of_one_capture_make_one_row(
    actor: User, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = BookCapture.save
    met: list[uuid.UUID] = []

    def overtaken(capture: BookCapture, **options: Any) -> None:
        if not met:
            met.append(capture.pk)
            raise IntegrityError
        save(capture, **options)

    monkeypatch.setattr(BookCapture, "save", overtaken)
    capture = capture_take(actor)
    assert files(data_dir) == [capture.path]


def test_more_rows_than_allowed_are_refused(
    actor: User, data_dir: Path, settings: Settings
) -> None:
    settings.IMPORT_MAX_ROWS = 1
    with pytest.raises(errors.RowsTooMany, match="2 rows; 1 are allowed"):
        capture_take(actor)
    assert files(data_dir) == []


class BrokenError(ApplicationError):
    """Stands for whatever may go wrong."""


@pytest.mark.parametrize("exists", [False, True])
@pytest.mark.parametrize(
    ("owner", "step"),
    [(BookCapture, "full_clean"), (BookCapture, "save"), (WrittenFile, "publish")],
)
def test_an_import_that_fails_at_any_step_leaves_what_was_there(
    actor: User,
    data_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    exists: bool,
    owner: type,
    step: str,
) -> None:
    if exists:
        capture_take(actor)
    before = list(BookCapture.objects.values())

    def broken(*args: object, **kwargs: object) -> None:
        raise BrokenError(step)

    with monkeypatch.context() as patch:
        patch.setattr(owner, step, broken)
        with pytest.raises(BrokenError):
            capture_take(actor)
    assert list(BookCapture.objects.values()) == before
    assert data_check(now=NOW) == []


@pytest.mark.parametrize("exists", [False, True])
def test_a_run_that_lost_its_job_at_the_commit_leaves_no_file_without_a_row(
    actor: User, data_dir: Path, *, exists: bool
) -> None:
    kept = [capture_take(actor).path] if exists else []

    @contextmanager
    def lost() -> Iterator[None]:
        with transaction.atomic():
            yield
            msg = "lost"
            raise BrokenError(msg)

    with pytest.raises(BrokenError):
        capture_take(actor, work=ImportWork(fence=lost))
    assert files(data_dir) == kept


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rows", 0),
        ("size", 0),
        ("layout", "okx"),
        ("last", BEGIN - timedelta(days=1)),
    ],
)
def test_the_database_itself_refuses_what_cannot_be(
    actor: User, data_dir: Path, name: str, value: object
) -> None:
    capture_take(actor)
    with pytest.raises(IntegrityError):
        BookCapture.objects.update(**{name: value})


def test_a_capture_belongs_to_the_owner_of_its_instrument(
    actor: User, data_dir: Path
) -> None:
    capture = capture_take(actor)
    capture.owner = user_make()
    with pytest.raises(ValidationError, match="belongs to the owner"):
        capture.full_clean()
