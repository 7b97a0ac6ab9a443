"""Do the rows of results and their files agree?"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from django.conf import settings

from apps.analysis.models import Backtest, EngineRun, MarketMakingRun, ParityRun
from apps.analysis.selectors.backtests import RESULTS
from apps.analysis.selectors.market_making import MARKET_MAKING
from apps.analysis.selectors.parity import PARITY
from apps.core.files import file_list
from apps.market.selectors import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from django.db.models import Model


def results_check(*, now: datetime) -> list[Finding]:
    """Compare the results of backtests, parity runs and market making with their files.

    Args:
        now: The moment, UTC; what is younger than the longest job may still be in use.

    Returns:
        `file_missing` for a result whose files are gone, `file_orphaned` for files that
        no row names; sorted by path, nothing where all is well.
    """
    latest = now.timestamp() - float(settings.JOB_WALL_SECONDS)
    found = [
        one
        for room, owner, result in (
            (RESULTS, Backtest, EngineRun),
            (PARITY, ParityRun, ParityRun),
            (MARKET_MAKING, MarketMakingRun, MarketMakingRun),
        )
        for one in _room(room, owner, result, latest)
    ]
    return sorted(found, key=lambda one: (one.path, one.code))


def _room(
    room: str, owner: type[Model], result: type[Model], latest: float
) -> Iterator[Finding]:
    """Compare one room: a folder for each owner, in it one for each result.

    What lies beside a result's folder, such as pictures and pages, is its owner's.
    """
    owners = {str(pk) for pk in owner._default_manager.values_list("pk", flat=True)}
    named = result._default_manager.exclude(path="").values_list("path", flat=True)
    paths = set(named)
    files = list(file_list(room))
    folders = {PurePosixPath(one.path).parent.as_posix() for one in files}
    for path in paths:
        if path not in folders:
            msg = "The files of this result are gone; run it again, or delete it."
            yield Finding("file_missing", path, msg)
    for file in files:
        if file.modified >= latest:
            continue
        path = PurePosixPath(file.path)
        folder, name = path.parent.as_posix(), path.parts[1]
        if name in owners and (folder == f"{room}/{name}" or folder in paths):
            continue
        msg = "No result has this file; it can be removed."
        yield Finding("file_orphaned", path.as_posix(), msg)
