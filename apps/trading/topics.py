"""The topics of orders, executions and comparisons that streams follow."""

from __future__ import annotations

from apps.core.outbox.topics import Topic, TopicKind, topic_register
from apps.trading.enums import OrderState, ReconciliationState

_FINDING = "finding"


def topics_register() -> None:
    """Make the topics known; called when the room is ready."""
    topic_register(
        Topic(
            name="orders",
            kind=TopicKind.OUTBOX,
            description="Each change of state of your orders, and what is amiss.",
            schema="apps.trading.topic_bodies.OrderBody",
            names=(*OrderState.values, _FINDING),
        )
    )
    topic_register(
        Topic(
            name="executions",
            kind=TopicKind.OUTBOX,
            description="Each execution of your orders, once.",
            schema="apps.trading.topic_bodies.ExecutionBody",
            names=("executed",),
        )
    )
    topic_register(
        Topic(
            name="reconciliations",
            kind=TopicKind.OUTBOX,
            description="Comparisons of your accounts with their venues, where there is "
            "something new to tell.",
            schema="apps.trading.topic_bodies.ReconciliationBody",
            names=(ReconciliationState.DONE.value, ReconciliationState.FAILED.value),
        )
    )
