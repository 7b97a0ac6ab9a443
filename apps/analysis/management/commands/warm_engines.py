"""Do once what takes long the first time: compile engines, list exchanges."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.core.errors import ApplicationError
from apps.engines.registry import engine_list, unavailable_reason
from apps.engines.runner.client import engine_run
from apps.engines.runner.pool import EnginePool
from apps.engines.sample import sample_request
from apps.exchanges.registry import exchange_ids


class Command(BaseCommand):
    """`manage.py warm_engines`: a small made-up backtest on each installed engine."""

    help = (
        "Run a small backtest on each engine and fill the cache of compiled code; list "
        "what exchanges can do. "
        "Example: manage.py warm_engines"
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Warm all; name the engines that do not work."""
        self.stdout.write(f"{len(exchange_ids())} exchanges")
        broken = []
        with EnginePool(
            idle_seconds=settings.ENGINE_IDLE_SECONDS,
            environment=settings.ENGINE_PROCESS_ENVIRONMENT,
            root=Path(settings.BASE_DIR),
        ) as pool:
            for spec in engine_list():
                if reason := unavailable_reason(spec):
                    self.stdout.write(f"{spec.name}  left out: {reason}")
                    continue
                try:
                    self._warm(pool, spec.name)
                except ApplicationError as error:
                    broken.append(spec.name)
                    self.stderr.write(f"{spec.name}  {error.message}")
        if broken:
            msg = f"These engines do not work: {', '.join(broken)}."
            raise CommandError(msg)

    def _warm(self, pool: EnginePool, name: str) -> None:
        started = time.monotonic()
        result = engine_run(
            locate=partial(pool.ensure, name),
            request=sample_request(),
            wall_seconds=settings.ENGINE_WALL_SECONDS,
            memory_bytes=settings.ENGINE_MEMORY_BYTES,
        )
        seconds = time.monotonic() - started
        self.stdout.write(f"{name}  {len(result.trades)} trades in {seconds:.1f} s")
