"""Every write about strategies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db import transaction

from apps.strategies.definition import (
    definition_canonical_json,
    definition_hash,
    definition_parse,
)
from apps.strategies.errors import StrategyChanged, StrategyNotFound
from apps.strategies.models import Strategy, StrategyVersion
from apps.strategies.selectors import strategy_get
from apps.strategies.templates import template_get

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from apps.strategies.definition import StrategyDefinition
    from apps.users.models import User


@transaction.atomic
def strategy_create(*, actor: User, definition: Mapping[str, Any]) -> Strategy:
    """Check a definition and store it as the first version of a new strategy.

    Raises:
        StrategyInvalid: The definition does not hold; all findings are in `details`.
    """
    checked = definition_parse(definition)
    strategy = Strategy(owner=actor, name=checked.name)
    strategy.full_clean()
    strategy.save()
    return _version_add(strategy, checked, number=1)


def strategy_create_from_template(*, actor: User, template: str) -> Strategy:
    """Store a template as a strategy of the actor's own.

    Raises:
        TemplateNotFound: There is none of this key.
    """
    definition = template_get(template).definition
    return strategy_create(actor=actor, definition=definition.model_dump(mode="json"))


@transaction.atomic
def strategy_update(
    *,
    actor: User,
    strategy_id: UUID,
    definition: Mapping[str, Any],
    expected_hashes: frozenset[str] | None,
) -> Strategy:
    """Store a changed definition as the next version.

    Args:
        actor: Whose strategy it is.
        strategy_id: The strategy.
        definition: The whole definition, not a part of it.
        expected_hashes: Content hashes, one of which the caller has seen; None: any.

    Raises:
        StrategyNotFound: No such strategy for this actor.
        StrategyChanged: Somebody else changed it since the caller read it.
        StrategyInvalid: The definition does not hold.

    Returns:
        The strategy; without a new version where the content is the same.
    """
    strategy_get(actor=actor, strategy_id=strategy_id)
    # The row's lock makes the numbers of versions follow one another.
    strategy = Strategy.objects.select_for_update().get(pk=strategy_id)
    latest = strategy.latest
    if latest is None:
        msg = f"There is no strategy {strategy_id}."
        raise StrategyNotFound(msg)
    if expected_hashes is not None and latest.content_hash not in expected_hashes:
        msg = (
            f"The strategy is at version {latest.number} with another content; "
            "read it again and repeat your change."
        )
        raise StrategyChanged(msg, attr="If-Match")
    checked = definition_parse(definition)
    if definition_hash(checked) == latest.content_hash:
        return strategy
    return _version_add(strategy, checked, number=latest.number + 1)


@transaction.atomic
def strategy_delete(*, actor: User, strategy_id: UUID) -> None:
    """Delete a strategy with its versions and their backtests.

    Raises:
        StrategyNotFound: No such strategy for this actor.
    """
    strategy = strategy_get(actor=actor, strategy_id=strategy_id)
    Strategy.objects.filter(pk=strategy.pk).update(latest=None)
    strategy.delete()


def _version_add(
    strategy: Strategy, definition: StrategyDefinition, *, number: int
) -> Strategy:
    version = StrategyVersion(
        strategy=strategy,
        number=number,
        definition=json.loads(definition_canonical_json(definition)),
        content_hash=definition_hash(definition),
    )
    version.full_clean()
    version.save()
    strategy.latest = version
    strategy.name = definition.name
    strategy.save(update_fields=("latest", "name", "updated_at"))
    return strategy
