"""The one way in: a strategy and an engine give the file that runs there."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from apps.core.errors import ErrorDetail
from apps.engines.errors import UnsupportedByEngine
from apps.engines.refusals import options_check
from apps.engines.registry import engine_capabilities, engine_get
from apps.strategies.export.freqtrade import freqtrade_files
from apps.strategies.export.names import slug_of
from apps.strategies.export.nautilus import nautilus_script
from apps.strategies.export.vectorbt import vectorbt_script

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.engines.contracts import Capabilities
    from apps.strategies.export.subject import Subject

PYTHON, ZIP = "text/x-python; charset=utf-8", "application/zip"
# The first moment that a zip file can name; the same strategy gives the same bytes.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX, _PLAIN_FILE = 3, 0o100644


class ExportEngine(StrEnum):
    """The engines that a strategy can be taken to."""

    FREQTRADE = "freqtrade"
    NAUTILUS = "nautilus"
    VECTORBT = "vectorbt"


@dataclass(frozen=True, slots=True)
class ExportFile:
    """One file, ready to be sent.

    Attributes:
        name: Plain ASCII letters, digits, `_` and a suffix.
        content_type: Its media type.
        content: Its bytes; the same for the same strategy, market and engine.
    """

    name: str
    content_type: str
    content: bytes


def strategy_export(subject: Subject, engine: ExportEngine) -> ExportFile:
    """Return a strategy as a file that runs in an engine, without Parallax.

    Args:
        subject: What is exported, and the market and costs that it is exported with.
        engine: Where it is to run; it need not be installed here.

    Raises:
        UnsupportedByEngine: One finding for each option that would not be honoured.
    """
    export_check(subject, engine)
    stem = f"{slug_of(subject.definition.name)}_{engine.value}"
    if engine is ExportEngine.FREQTRADE:
        content = _zipped(stem, freqtrade_files(subject))
        return ExportFile(f"{stem}.zip", ZIP, content)
    write = nautilus_script if engine is ExportEngine.NAUTILUS else vectorbt_script
    name = f"{stem}.py"
    return ExportFile(name, PYTHON, write(subject, name).encode())


def export_check(subject: Subject, engine: ExportEngine) -> None:
    """Refuse what an engine's own users could not honour, before anything is written.

    Raises:
        UnsupportedByEngine: One finding for each such option.
    """
    capabilities = _capabilities(engine)
    findings: tuple[ErrorDetail, ...] = ()
    try:
        options_check(
            engine=engine.value,
            capabilities=capabilities,
            shorts=subject.definition.entry.short is not None,
            protection=subject.protection,
            sizing=subject.sizing[0],
        )
    except UnsupportedByEngine as refusal:
        findings = refusal.details
    if subject.slippage and not capabilities.slippage:
        message = (
            f"The engine {engine.value!r} knows no slippage and would fill at better "
            "prices than the strategy says; ask for the export with slippage=0."
        )
        finding = ErrorDetail(UnsupportedByEngine.code, message, "slippage")
        findings = (*findings, finding)
    if findings:
        first = findings[0]
        raise UnsupportedByEngine(first.message, attr=first.attr, details=findings)


def _capabilities(engine: ExportEngine) -> Capabilities:
    """Return what an export honours, which may be less than what our adapter does.

    The adapter of freqtrade works out slipped prices and the steps of a trailing stop
    beforehand, and tells freqtrade; an export is on its own.
    """
    found = engine_capabilities(engine_get(engine.value))
    if engine is ExportEngine.FREQTRADE:
        return replace(found, trailing_stop=False, slippage=False)
    return found


def _zipped(folder: str, files: Mapping[str, str]) -> bytes:
    """Return files in one folder of an archive, the same bytes on every machine."""
    buffer = io.BytesIO()
    # Stored, because what a compressor makes of a text changes with its version.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"{folder}/{name}", _EPOCH)
            entry.create_system = _UNIX
            entry.external_attr = _PLAIN_FILE << 16
            archive.writestr(entry, files[name].encode())
    return buffer.getvalue()
