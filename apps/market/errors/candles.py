"""What can go wrong with candles, each with a code of its own."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from apps.core.errors import (
    Conflict,
    Invalid,
    NotFound,
    TooLarge,
    Unavailable,
    Unprocessable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

# --- the file itself


class CandleFileInvalid(Unprocessable):
    """A candle file cannot be read as what it claims to be."""

    code = "candle_file_invalid"


class FileEmpty(CandleFileInvalid):
    """The file has no bytes, or nothing but white space."""

    code = "file_empty"


class FileWithoutRows(CandleFileInvalid):
    """The file has a header or a schema, but no candle."""

    code = "file_without_rows"


class FileCorrupt(CandleFileInvalid):
    """The file's own structure is broken."""

    code = "file_corrupt"


class FormatUnknown(CandleFileInvalid):
    """The bytes are of no format that is read here."""

    code = "format_unknown"


class FormatMismatch(CandleFileInvalid):
    """The bytes say another format than the caller."""

    code = "format_mismatch"


class ArchiveInvalid(CandleFileInvalid):
    """A .zip does not hold exactly one plain file."""

    code = "archive_invalid"


class ColumnsWrong(CandleFileInvalid):
    """Columns are missing, doubled, or of the wrong type."""

    code = "columns_wrong"


class SeparatorsMixed(CandleFileInvalid):
    """A line is cut by another separator than the first line."""

    code = "separators_mixed"


class LineMalformed(CandleFileInvalid):
    """A line has too many or too few cells, or is too long."""

    code = "line_malformed"


class ValueNotNumeric(CandleFileInvalid):
    """A cell that should be a number is not."""

    code = "value_not_numeric"


class TimeUnreadable(CandleFileInvalid):
    """A cell that should be a time is not."""

    code = "time_unreadable"


class TimeUnitWrong(CandleFileInvalid):
    """The times make no plausible dates in this unit."""

    code = "time_unit_wrong"


class TimeframeUnknown(CandleFileInvalid):
    """The step between rows is no timeframe, or there is no step."""

    code = "timeframe_unknown"


class TimeframeMismatch(CandleFileInvalid):
    """The rows' step is another than the stated timeframe."""

    code = "timeframe_mismatch"


class RowsTooMany(TooLarge):
    """The file has more rows than one import may have."""

    code = "rows_too_many"


class UnpackedTooLarge(TooLarge):
    """A packed file unpacks to more than is allowed."""

    code = "unpacked_too_large"


class UploadTooLarge(TooLarge):
    """The uploaded file is larger than is allowed."""

    code = "upload_too_large"


class UploadMissing(CandleFileInvalid):
    """The file to import is not there."""

    code = "upload_missing"


# --- the candles


class QualityRefused(Unprocessable):
    """The candles are worse than the limits allow.

    Attributes:
        report: The whole quality report, as JSON.
    """

    code = "quality_refused"
    report: Mapping[str, Any] = MappingProxyType({})


class CandlesConflict(Conflict):
    """A bar that is stored already has other values in the new file."""

    code = "candles_conflict"


class CandlesOutOfOrder(CandleFileInvalid):
    """Rows that were promised in order are not."""

    code = "candles_out_of_order"


# --- what is kept


class SeriesNotFound(NotFound):
    """There is no such candle series, or it is not yours."""

    code = "series_not_found"


class InstrumentNotFound(NotFound):
    """There is no such instrument, or it is not yours."""

    code = "instrument_not_found"


class SeriesChanged(Conflict):
    """Another import changed the series at the same moment, again and again."""

    code = "series_changed"


class SeriesFileMissing(Unavailable):
    """The series' file is not where its row says."""

    code = "series_file_missing"


class SeriesFileDamaged(Unavailable):
    """The series' file cannot be read."""

    code = "series_file_damaged"


# --- captures


class CaptureNotFound(NotFound):
    """There is no such capture, or it is not yours."""

    code = "capture_not_found"


class CaptureChanged(Conflict):
    """The capture was imported or deleted by somebody else at the same moment."""

    code = "capture_changed"


class CaptureInUse(Conflict):
    """A job that has not ended plays this capture."""

    code = "capture_in_use"


class CaptureFileMissing(Unavailable):
    """The capture's file is not where its row says."""

    code = "capture_file_missing"


class CaptureFileDamaged(Unavailable):
    """The capture's file is not the one that was imported."""

    code = "capture_file_damaged"


# --- what the caller states


class VenueInvalid(Invalid):
    """The venue's name has characters that no venue has."""

    code = "venue_invalid"


class SymbolInvalid(Invalid):
    """The symbol is not of the form BASE/QUOTE."""

    code = "symbol_invalid"


class RulesInvalid(Invalid):
    """A tick, step or minimum that no market can have."""

    code = "rules_invalid"


class RangeInvalid(Invalid):
    """A range of times that ends before it starts, or is too long."""

    code = "range_invalid"


class CandleCursorInvalid(Invalid):
    """A cursor that was not given out here."""

    code = "candle_cursor_invalid"
