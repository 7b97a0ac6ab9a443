from __future__ import annotations

from django.apps import AppConfig

from apps.core.outbox.topics import Topic, TopicKind, topic_register
from apps.jobs.schedules import periodic
from apps.portfolio.preflight_checks import account_check
from apps.risk.topics import NAMES, TOPIC


class RiskConfig(AppConfig):
    """Limits, verdicts, halts, locks, and how much to risk."""

    name = "apps.risk"

    def ready(self) -> None:
        """Say what the scheduler does, what is told, and what is looked at."""
        periodic(
            "correlations",
            3600,
            "apps.risk.services.correlations.correlations_refresh",
        )
        account_check("limits", "apps.risk.preflight.limits_check")
        topic_register(
            Topic(
                name=TOPIC,
                kind=TopicKind.OUTBOX,
                description=(
                    "Halts, releases, locks, losses past a limit, and changes of limits."
                ),
                schema="apps.risk.topics.RiskEventBody",
                names=NAMES,
            )
        )
