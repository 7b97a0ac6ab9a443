from __future__ import annotations

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules

from apps.core.backup.registry import restore_step
from apps.core.metrics.registry import metrics_collector
from apps.core.outbox.topics import Topic, TopicKind, topic_register
from apps.core.preflight.registry import preflight_check
from apps.jobs.schedules import periodic


class JobsConfig(AppConfig):
    """Durable background jobs."""

    name = "apps.jobs"

    def ready(self) -> None:
        """Let every app register its handlers, and tell how the jobs stand."""
        autodiscover_modules("tasks")
        metrics_collector("jobs", "apps.jobs.gauges.jobs_collect")
        restore_step("jobs", "apps.jobs.services.restored.jobs_give_back")
        preflight_check("workers", "apps.jobs.preflight.workers_check")
        preflight_check("scheduler", "apps.jobs.preflight.scheduler_check")
        periodic("outbox.prune", 600, "apps.core.outbox.pruning.outbox_prune")
        topic_register(
            Topic(
                name="jobs",
                kind=TopicKind.OUTBOX,
                description="Each change of state of your jobs.",
                schema="apps.jobs.topic.JobBody",
                names=(
                    *("queued", "running", "succeeded", "failed", "cancelled"),
                    "retried",
                ),
            )
        )
