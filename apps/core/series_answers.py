"""Big series by `Accept`: a page of JSON, or all of it as CSV, Arrow or Parquet.

A view takes `SERIES_RENDERERS`, answers JSON as ever, and hands everything else to
`series_answer`. Whatever is none of these gets 406 in the API's error shape.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Protocol

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.renderers import JSONRenderer

from apps.core.downloads import PiecesAnswer
from apps.core.errors import Invalid
from apps.core.etags import etag_matches, etag_of
from apps.core.long_answers import connection_release
from apps.core.renderers import ArrowRenderer, CSVRenderer, ParquetRenderer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import pyarrow as pa
    from django.http.response import HttpResponseBase
    from rest_framework.request import Request
    from rest_framework.response import Response

SERIES_RENDERERS = (JSONRenderer, CSVRenderer, ArrowRenderer, ParquetRenderer)
CSV, ARROW, PARQUET = (one.media_type for one in SERIES_RENDERERS[1:])

IF_NONE_MATCH = OpenApiParameter(
    name="If-None-Match",
    type=str,
    location=OpenApiParameter.HEADER,
    description="The ETag that you have; 304 when it would be the same again.",
)
ETAG = OpenApiParameter(
    name="ETag",
    type=str,
    location=OpenApiParameter.HEADER,
    response=[200, 304],
    description="A weak tag of what is sent: of the series, the range and the kind.",
)
CONTENT_DISPOSITION = OpenApiParameter(
    name="Content-Disposition",
    type=str,
    location=OpenApiParameter.HEADER,
    response=[200],
    description="A name to store a file by; not for JSON.",
)
SERIES_PARAMETERS = (IF_NONE_MATCH, ETAG, CONTENT_DISPOSITION)
# Where a page of JSON begins and ends; a file is not cut in pages.
_OF_PAGES = ("limit", "cursor", "offset")


class PagesOfFile(Invalid):
    """A page was asked for of what is only sent as a whole."""

    code = "pages_of_file"


class RowSource(Protocol):
    """Rows that are read while they are sent, from a file that is open."""

    schema: pa.Schema

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows; let go of the file at the end."""
        ...


def series_responses(page: Any) -> dict[Any, Any]:
    """Return what the OpenAPI document says of an operation that sends a series.

    Args:
        page: The serializer of a page of JSON.
    """
    return {
        (200, "application/json"): page,
        (200, CSV): OpenApiTypes.STR,
        (200, ARROW): OpenApiTypes.BINARY,
        (200, PARQUET): OpenApiTypes.BINARY,
        304: OpenApiResponse(description="You have it already."),
    }


def series_is_file(request: Request) -> bool:
    """Return whether anything but JSON is asked for.

    Raises:
        PagesOfFile: A file is asked for, and a page of it.
    """
    if not isinstance(
        _renderer(request), CSVRenderer | ArrowRenderer | ParquetRenderer
    ):
        return False
    paged = next((one for one in _OF_PAGES if one in request.query_params), None)
    if paged is not None:
        msg = (
            f"{paged} is for pages of JSON; {_renderer(request).media_type} is sent as a "
            "whole. Leave it out, or cut the range by start and end where it has them."
        )
        raise PagesOfFile(msg, attr=paged)
    return True


def series_answer(
    request: Request, *, tag: str, name: str, open_rows: Callable[[], RowSource]
) -> HttpResponseBase:
    """Return a series as the file that is asked for, or 304.

    Args:
        request: Who asks for what.
        tag: As `series_tag` gives it.
        name: What the file is called, without its ending.
        open_rows: Opens the rows; its errors become the answer, since nothing is sent
            before.
    """
    # Only a process that sends a file needs pyarrow.
    from apps.core.series_writing import (  # noqa: PLC0415
        arrow_pieces,
        csv_pieces,
        parquet_pieces,
    )

    headers = _headers(tag)
    if etag_matches(request.headers.get("If-None-Match"), tag):
        return HttpResponse(status=304, headers=headers)
    renderer = _renderer(request)
    write = {"csv": csv_pieces, "arrows": arrow_pieces, "parquet": parquet_pieces}
    rows = open_rows()
    connection_release()
    pieces = write[renderer.format](rows.schema, rows.batches())
    kind = f"{CSV}; charset=utf-8" if renderer.format == "csv" else renderer.media_type
    disposition = f'attachment; filename="{name}.{renderer.format}"'
    headers |= {"Content-Disposition": disposition}
    return PiecesAnswer(pieces, content_type=kind, headers=headers)


def series_page(
    request: Request, *, tag: str, page: Callable[[], Response]
) -> HttpResponseBase:
    """Return a page of JSON with its tag, or 304.

    Args:
        request: Who asks for what.
        tag: As `series_tag` gives it.
        page: Reads the page.
    """
    if etag_matches(request.headers.get("If-None-Match"), tag):
        return HttpResponse(status=304, headers=_headers(tag))
    answer = page()
    for name, value in _headers(tag).items():
        answer[name] = value
    return answer


def series_tag(request: Request, parts: Iterable[object]) -> str:
    """Return the tag of what is asked for, in double quotes.

    Args:
        request: Who asks for what; the kind is part of the tag.
        parts: What else the content depends on: its hash, the range, the page.
    """
    text = "\n".join([_renderer(request).format, *map(str, parts)])
    return etag_of(hashlib.sha256(text.encode()).hexdigest())


def _renderer(request: Request) -> Any:
    # DRF's negotiation has chosen it before the view runs.
    return request.accepted_renderer


def _headers(tag: str) -> dict[str, str]:
    # Weak: another release may write the same rows as other bytes.
    return {"ETag": f"W/{tag}", "Cache-Control": "private, no-cache"}
