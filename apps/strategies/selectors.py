"""Every read about strategies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.engines.contracts import MarketRules
from apps.market.selectors import series_get
from apps.strategies.definition import StrategyDefinition
from apps.strategies.errors import StrategyNotFound, StrategyVersionNotFound
from apps.strategies.export import ANY_MARKET, Market, Subject, strategy_export
from apps.strategies.models import Strategy

if TYPE_CHECKING:
    from decimal import Decimal
    from uuid import UUID

    from django.db.models import QuerySet

    from apps.market.models import Instrument
    from apps.strategies.export import ExportEngine, ExportFile
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


def strategy_export_get(
    *,
    actor: User,
    strategy_id: UUID,
    engine: ExportEngine,
    number: int | None = None,
    series_id: UUID | None = None,
    slippage: Decimal | None = None,
) -> ExportFile:
    """Return one of the actor's strategies as a file that runs in an engine.

    Args:
        actor: Whose strategy, and whose series, it is.
        strategy_id: The strategy.
        engine: Where it is to run.
        number: The version; None is the latest.
        series_id: The candle series whose market it is to trade; None is one with a
            grid finer than any, to be replaced by hand.
        slippage: As a rate; None is the strategy's own.

    Raises:
        StrategyNotFound: There is no such strategy for this actor.
        StrategyVersionNotFound: It has no version of this number.
        SeriesNotFound: There is no such series for this actor.
        UnsupportedByEngine: The engine cannot honour an option of the strategy.
    """
    version = strategy_version_get(actor=actor, strategy_id=strategy_id, number=number)
    definition = StrategyDefinition.model_validate(version.definition)
    market = ANY_MARKET
    if series_id is not None:
        series = series_get(actor=actor, series_id=series_id)
        market = _market_of(series.instrument)
    subject = Subject(
        definition=definition,
        version=version.number,
        content_hash=version.content_hash,
        market=market,
        slippage=definition.slippage if slippage is None else slippage,
    )
    return strategy_export(subject, engine)


def _market_of(instrument: Instrument) -> Market:
    return Market(
        base=instrument.base,
        quote=instrument.quote,
        rules=MarketRules(
            price_tick=instrument.price_tick,
            quantity_step=instrument.quantity_step,
            min_quantity=instrument.min_quantity,
            min_notional=instrument.min_notional,
        ),
        is_given=True,
    )
