"""A connection that breaks at COMMIT: the row may be there, so its files must be."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from django.db import OperationalError, connection

from apps.analysis.models import EngineRun, MarketMakingRun, ParityRun
from apps.analysis.selectors.named import files_named
from apps.analysis.services import again
from apps.analysis.services.compare_run import compare_run
from apps.analysis.services.parity_run import parity_run
from apps.analysis.services.run import backtest_run
from apps.analysis.services.tidy import folder_discard
from apps.analysis.tests.asking import stored as backtest_stored
from apps.analysis.tests.comparing import (
    compare_ask,
    parity_make,
    parity_surroundings,
    trades_csv,
)
from apps.analysis.tests.factories import Surroundings, surroundings_of
from apps.core.files import file_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rest_framework.test import APIClient

    from apps.analysis.models import Backtest
    from apps.engines.runner.pool import EnginePool
    from apps.users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def _breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each fenced transaction be committed, and nobody hear of it."""
    fenced = Surroundings.fenced

    @contextmanager
    def broken(context: Surroundings) -> Iterator[None]:
        with fenced(context):
            yield
        raise OperationalError("the connection broke")

    monkeypatch.setattr(Surroundings, "fenced", broken)


@contextmanager
def silent() -> Iterator[None]:
    """Let the database answer nothing."""

    def refuse(*_: Any) -> None:
        raise OperationalError("no answer")

    with connection.execute_wrapper(refuse):
        yield


def named_and_there() -> set[str]:
    """Return the files that rows name; all of them must be there."""
    paths = {one.path for one in files_named()}
    assert [one for one in paths if not file_path(one).is_file()] == []
    return paths


@pytest.mark.usefixtures("_breaks")
def test_a_backtests_files_stay(backtest: Backtest, pool: EnginePool) -> None:
    with pytest.raises(OperationalError, match="broke"):
        backtest_run(context=surroundings_of(backtest, pool))
    assert len(named_and_there()) == 2


@pytest.mark.usefixtures("_breaks")
def test_a_parity_runs_files_stay(user: User, two_engines: EnginePool) -> None:
    parity = parity_make(user)
    with pytest.raises(OperationalError, match="broke"):
        parity_run(context=parity_surroundings(parity, two_engines))
    assert len(named_and_there()) == 5


def test_a_comparisons_files_and_its_list_stay(
    user: User,
    client: APIClient,
    done: str,
    pool: EnginePool,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    rows = client.get(f"{done}trades/").json()["results"]
    enqueue = again._compare_enqueue

    def broken(*what: Any) -> None:
        enqueue(*what)
        raise OperationalError("the connection broke")

    monkeypatch.setattr(again, "_compare_enqueue", broken)
    with pytest.raises(OperationalError, match="broke"):
        compare_ask(user, backtest_stored(done), trades_csv(rows))
    parity = ParityRun.objects.get()
    assert f"parity/{parity.pk}/imported" in named_and_there()
    request.getfixturevalue("_breaks")
    with pytest.raises(OperationalError, match="broke"):
        compare_run(context=parity_surroundings(parity, pool))
    parity.refresh_from_db()
    assert any(one.startswith(f"{parity.path}/") for one in named_and_there())


def test_what_no_row_names_goes_and_what_cannot_be_known_stays() -> None:
    folder = file_path("backtests/one/reference-1")
    folder.mkdir(parents=True)
    path = "backtests/one/reference-1"
    for model in (EngineRun, MarketMakingRun, ParityRun):
        with silent():
            folder_discard(path, model._default_manager.filter(path=path))
        assert folder.exists()
    folder_discard(path, EngineRun.objects.filter(path=path))
    assert not folder.exists()
