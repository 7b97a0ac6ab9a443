"""Media types beside JSON."""

from __future__ import annotations

import json
from typing import Any

from rest_framework.renderers import BaseRenderer


class PNGRenderer(BaseRenderer):
    """Lets a client ask for `image/png`; errors still go out as JSON."""

    media_type = "image/png"
    format = "png"
    charset: str | None = None
    render_style = "binary"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Any = None,
    ) -> bytes:
        """Return an error's body; pictures are sent as they are."""
        if renderer_context and "response" in renderer_context:
            renderer_context["response"]["Content-Type"] = "application/json"
        return json.dumps(data).encode()


class HTMLRenderer(PNGRenderer):
    """Lets a client ask for `text/html`; errors still go out as JSON."""

    media_type = "text/html"
    format = "html"
    charset = "utf-8"


class PythonRenderer(PNGRenderer):
    """Lets a client ask for `text/x-python`; errors still go out as JSON."""

    media_type = "text/x-python"
    format = "py"
    charset = "utf-8"


class ParquetRenderer(PNGRenderer):
    """Lets a client ask for Parquet; errors still go out as JSON."""

    media_type = "application/vnd.apache.parquet"
    format = "parquet"


class CSVRenderer(PNGRenderer):
    """Lets a client ask for `text/csv`; errors still go out as JSON."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"


class ArrowRenderer(PNGRenderer):
    """Lets a client ask for an Arrow stream; errors still go out as JSON."""

    media_type = "application/vnd.apache.arrow.stream"
    format = "arrows"


class ZipRenderer(PNGRenderer):
    """Lets a client ask for `application/zip`; errors still go out as JSON."""

    media_type = "application/zip"
    format = "zip"


class EventStreamRenderer(PNGRenderer):
    """Lets a client ask for `text/event-stream`; errors still go out as JSON."""

    media_type = "text/event-stream"
    format = "events"
    charset = "utf-8"
