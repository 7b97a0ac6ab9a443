"""Why a strategy cannot be taken along."""

from __future__ import annotations

from apps.core.errors import Unprocessable


class ExportNotOffered(Unprocessable):
    """The engine exists, but runs no strategies outside of Parallax."""

    code = "export_not_offered"
