"""The ASGI entry point: the service as it is meant to run."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

from config.body_limit import BodyLimit
from config.process import PROCESS, WEB

PROCESS.role = WEB
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = BodyLimit(get_asgi_application())  # type: ignore[arg-type]  # stubs: Mapping
