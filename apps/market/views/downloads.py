"""Stored files, to be taken along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse, HttpResponseRedirect
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.views import APIView

from apps.core.downloads import FileAnswer
from apps.core.etags import etag_matches, etag_of
from apps.core.long_answers import connection_release
from apps.core.renderers import ParquetRenderer
from apps.market.selectors import (
    PARQUET,
    series_file_name,
    series_get,
    series_link,
    series_open,
)
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from uuid import UUID

    from django.http.response import HttpResponseBase
    from rest_framework.request import Request

# Bytes; more than that no service reads.
_LONGEST_LINK = 8_192
_IF_NONE_MATCH = OpenApiParameter(
    name="If-None-Match",
    type=str,
    location=OpenApiParameter.HEADER,
    description="The ETag that you have; 304 when the file is the same.",
)
_ETAG = OpenApiParameter(
    name="ETag",
    type=str,
    location=OpenApiParameter.HEADER,
    response=[200, 302, 304],
    description="The sha256 of the file, hexadecimal, in double quotes.",
)
_LOCATION = OpenApiParameter(
    name="Location",
    type=str,
    location=OpenApiParameter.HEADER,
    response=[302],
    description="Where the file is for S3_LINK_SECONDS; needs no Authorization.",
)


class CandleSeriesDownloadView(APIView):
    """The file of a series."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    renderer_classes = (ParquetRenderer, *APIView.renderer_classes)

    @extend_schema(
        operation_id="candle_series_download",
        tags=["market"],
        parameters=[_IF_NONE_MATCH, _ETAG, _LOCATION],
        responses={
            (200, PARQUET): OpenApiTypes.BINARY,
            302: OpenApiResponse(description="It is in a bucket; follow `Location`."),
            304: OpenApiResponse(description="You have it already."),
        },
    )
    def get(self, request: Request, series_id: UUID) -> HttpResponseBase:
        """Download a series as it is stored: all its candles in one Parquet file.

        Columns are `time` (open time, UTC, nanoseconds), `open`, `high`, `low`, `close`
        and `volume`. Where files are kept in a bucket, the answer is a redirect to it.
        """
        series = series_get(actor=actor_of(request), series_id=series_id)
        etag = etag_of(series.sha256)
        # The next import makes another file, and a link ends.
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if etag_matches(request.headers.get("If-None-Match"), etag):
            return HttpResponse(status=304, headers=headers)
        link = series_link(series)
        if link is not None:
            # A link that a role signs is longer than Django expects of any.
            return HttpResponseRedirect(link, max_length=_LONGEST_LINK, headers=headers)
        connection_release()
        return FileAnswer(
            series_open(series),
            as_attachment=True,
            filename=series_file_name(series),
            content_type=PARQUET,
            headers=headers,
        )
