"""Engines that abort, hang or devour memory for real, in the middle of a parity run."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from apps.analysis.enums import RunState
from apps.analysis.errors import NothingToCompare
from apps.analysis.services.parity_run import parity_run
from apps.analysis.tests.comparing import (
    TWO,
    parity_do,
    parity_make,
    parity_surroundings,
)
from apps.engines import registry
from apps.engines.runner.pool import EnginePool
from apps.engines.tests.saboteur import (
    ABORT,
    DEFECT,
    DEVOUR,
    HANG,
    ROOT,
    SABOTEUR,
    saboteur_environment,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apps.users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def saboteur(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EnginePool]:
    """Warm engines, with one among them that goes wrong as it is told."""
    reason = registry.unavailable_reason(registry.engine_get("vectorbt"))
    if reason is not None:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("saboteur")
    environment = saboteur_environment(folder)
    with (
        pytest.MonkeyPatch.context() as patch,
        EnginePool(idle_seconds=300, environment=environment, root=ROOT) as pool,
    ):
        patch.setattr(registry, "ENGINES", (*registry.ENGINES, SABOTEUR))
        patch.syspath_prepend(folder)
        # A host ends with the thread that started it, and jobs ask from threads.
        for name in (*TWO, SABOTEUR.name):
            pool.ensure(name)
        yield pool


@pytest.mark.parametrize(
    ("deed", "code", "words"),
    [
        (ABORT, "engine_crashed", "SIGABRT"),
        (HANG, "engine_timed_out", "limit 3 s"),
        (DEVOUR, "engine_out_of_memory", "MiB"),
        (DEFECT, "engine_crashed", "ended with code 1"),
    ],
)
def test_an_engine_that_goes_down_takes_no_other_with_it(
    user: User,
    saboteur: EnginePool,
    settings: Any,
    deed: int,
    code: str,
    words: str,
) -> None:
    settings.ENGINE_WALL_SECONDS = 3
    parity = parity_make(
        user, engines=(SABOTEUR.name, *TWO), capital=Decimal(deed) + Decimal("0.5")
    )

    done = parity_do(parity, saboteur)

    assert done.verdict == "agree"
    assert [pair["first"] for pair in done.report["pairs"]] == ["reference"]
    failed = done.backtest.runs.get(engine=SABOTEUR.name)
    assert (failed.state, failed.error_code) == (RunState.FAILED, code)
    assert words in failed.error_message
    assert done.report["participants"][0]["error"]["code"] == code
    for engine in TWO:
        assert done.backtest.runs.get(engine=engine).state == RunState.SUCCEEDED


def test_where_too_few_are_left_the_job_says_what_happened_to_the_others(
    user: User, saboteur: EnginePool
) -> None:
    parity = parity_make(
        user, engines=(SABOTEUR.name, "reference"), capital=Decimal(ABORT)
    )

    with pytest.raises(NothingToCompare, match=r"saboteur: .*SIGABRT"):
        parity_run(context=parity_surroundings(parity, saboteur))

    assert parity.backtest.runs.get(engine="reference").state == RunState.SUCCEEDED
