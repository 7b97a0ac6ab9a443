"""The ASGI entry point: the service as it is meant to run."""

from __future__ import annotations

import os

from channels.routing import ProtocolTypeRouter
from django.conf import settings
from django.core.asgi import get_asgi_application

from config.body_limit import BodyLimit
from config.process import PROCESS, WEB
from config.spool import spool_open

PROCESS.role = WEB
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
spool_open(settings.SPOOL_DIR)

http = BodyLimit(get_asgi_application())  # type: ignore[arg-type]  # stubs: Mapping

# Only once Django is set up: it reads models.
from apps.stream.routing import websockets  # noqa: E402

application = ProtocolTypeRouter({"http": http, "websocket": websockets})
