"""Gunicorn: Uvicorn workers, the application loaded once before the fork."""

from __future__ import annotations

import multiprocessing
import os
from typing import Any

from config import metrics_files

bind = os.environ.get("GUNICORN_BIND", "0.0.0.0:8000")
workers = int(os.environ.get("WEB_CONCURRENCY") or 2 * multiprocessing.cpu_count() + 1)
worker_class = "config.uvicorn_worker.Worker"
preload_app = True
graceful_timeout = 20
timeout = 60
keepalive = 75
max_requests = 20_000
max_requests_jitter = 2_000
# The heartbeat file on memory, so that a slow disk is not taken for a hung worker.
worker_tmp_dir = "/dev/shm"  # noqa: S108
control_socket_disable = True
accesslog = None
errorlog = "-"
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1")

# Requests are counted in files that all workers' scrapes add up.
metrics_files.files_open()


def on_starting(server: Any) -> None:
    """Refuse to serve on a database that is out of reach or older than this release."""
    if not server.cfg.preload_app:
        # Nothing is loaded yet, and whoever reloads on changes looks on.
        return
    from apps.core.database import DatabaseUnfit, database_require  # noqa: PLC0415

    try:
        database_require()
    except DatabaseUnfit as error:
        server.log.critical("%s", error)
        raise SystemExit(1) from None


pre_fork = metrics_files.place_choose
post_fork = metrics_files.place_take
child_exit = metrics_files.place_leave
