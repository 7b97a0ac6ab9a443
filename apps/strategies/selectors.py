"""Every read about strategies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.strategies.errors import StrategyNotFound, StrategyVersionNotFound
from apps.strategies.models import Strategy

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

    from apps.strategies.models import StrategyVersion
    from apps.users.models import User


def strategy_list(*, actor: User) -> QuerySet[Strategy]:
    """Return the actor's strategies with their latest versions, newest first."""
    mine = Strategy.objects.filter(owner=actor).select_related("latest")
    return mine.order_by("-created_at", "-id")


def strategy_get(*, actor: User, strategy_id: UUID) -> Strategy:
    """Return one of the actor's strategies with its latest version.

    Raises:
        StrategyNotFound: There is none with this id for this actor.
    """
    strategy = strategy_list(actor=actor).filter(pk=strategy_id).first()
    if strategy is None:
        msg = f"There is no strategy {strategy_id}."
        raise StrategyNotFound(msg, attr="strategy")
    return strategy


def strategy_version_list(
    *, actor: User, strategy_id: UUID
) -> QuerySet[StrategyVersion]:
    """Return all versions of one of the actor's strategies, newest first.

    Raises:
        StrategyNotFound: There is no such strategy for this actor.
    """
    strategy = strategy_get(actor=actor, strategy_id=strategy_id)
    return strategy.versions.order_by("-number")


def strategy_version_get(
    *, actor: User, strategy_id: UUID, number: int | None
) -> StrategyVersion:
    """Return one version of one of the actor's strategies.

    Args:
        actor: Whose strategy it is.
        strategy_id: The strategy.
        number: The version; None is the latest.

    Raises:
        StrategyNotFound: There is no such strategy for this actor.
        StrategyVersionNotFound: It has no version of this number.
    """
    strategy = strategy_get(actor=actor, strategy_id=strategy_id)
    latest = strategy.latest
    if latest is not None and number in {None, latest.number}:
        return latest
    version = strategy.versions.filter(number=number or 0).first()
    if version is None:
        newest = latest.number if latest is not None else 0
        msg = f"The strategy has no version {number}; its versions are 1 to {newest}."
        raise StrategyVersionNotFound(msg, attr="version")
    return version
