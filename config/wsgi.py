"""The WSGI entry point, for servers that cannot speak ASGI; streams need ASGI."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from config.process import PROCESS, WEB

PROCESS.role = WEB
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()
