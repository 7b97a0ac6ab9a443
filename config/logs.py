"""How records are written: JSON for machines, one line for people."""

from __future__ import annotations

from typing import Any

JSON_FIELDS = "%(asctime)s %(levelname)s %(name)s %(message)s"


def logging_config(*, level: str, style: str) -> dict[str, Any]:
    """Return Django's LOGGING.

    Args:
        level: The least severe record that is written.
        style: `json` or `console`.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "context": {"()": "apps.core.logs.ContextFilter"},
            "secrets": {"()": "apps.core.logs.SecretsFilter"},
        },
        "formatters": {
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "format": f"{JSON_FIELDS} %(request_id)s %(user_id)s",
                "rename_fields": {
                    "asctime": "time",
                    "levelname": "level",
                    "name": "logger",
                },
            },
            "console": {
                "format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s",
                "datefmt": "%H:%M:%S",
            },
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "filters": ["context", "secrets"],
                "formatter": style,
            }
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # At DEBUG these two write each call with its keys and its signature.
            "ccxt": {"level": "INFO"},
            "urllib3": {"level": "INFO"},
            # What became of a job, we tell ourselves.
            "celery": {"level": "WARNING"},
            # A 4xx is the caller's; the request log already has one line for it.
            "django.request": {"level": "ERROR"},
            "django.server": {"handlers": [], "propagate": True},
            "django.tasks": {"level": "WARNING"},
            # Its warning is that it was told to stop.
            "django_tasks_db": {"level": "ERROR"},
            "httpx": {"level": "WARNING"},
            "matplotlib": {"level": "WARNING"},
            "numba": {"level": "WARNING"},
        },
    }
