"""Captured order books: import, read, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.idempotency import IDEMPOTENCY_KEY, idempotent
from apps.jobs.serializers import JobOutput
from apps.market.models import BookCapture
from apps.market.selectors import capture_get, capture_list
from apps.market.serializers import BookCaptureOutput, CaptureImportInput
from apps.market.services import capture_delete, capture_import_request
from apps.market.views.accepting import LOCATION, job_accepted
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from rest_framework.request import Request


class CaptureImportView(APIView):
    """Importing a captured order book."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="captures_import",
        tags=["market"],
        parameters=[IDEMPOTENCY_KEY, LOCATION],
        request={"multipart/form-data": CaptureImportInput},
        responses={202: JobOutput},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Import a captured order book, in the background.

        It is checked and written once in the form in which it is played. A capture that
        cannot be believed fails the job with `capture_invalid`, which says where and
        why. The job's result has `capture_id`.
        """
        data = CaptureImportInput(data=request.data)
        data.is_valid(raise_exception=True)
        job = capture_import_request(
            actor=actor_of(request),
            uploads=data.uploads(),
            request=data.import_request(),
            now=timezone.now(),
        )
        return job_accepted(job)


class CaptureFilter(filters.FilterSet):  # type: ignore[misc]
    """Which captures to list."""

    venue = filters.CharFilter(
        field_name="instrument__venue",
        lookup_expr="iexact",
        help_text="Such as binance.",
    )
    symbol = filters.CharFilter(
        field_name="instrument__symbol",
        lookup_expr="iexact",
        help_text="Such as BTC/USDT:USDT.",
    )

    class Meta:
        model = BookCapture
        fields = ("venue", "symbol")


class CaptureListView(ListAPIView[BookCapture]):
    """The caller's captures."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    serializer_class = BookCaptureOutput
    filterset_class = CaptureFilter
    queryset = BookCapture.objects.none()

    def get_queryset(self) -> QuerySet[BookCapture]:
        """Return the caller's captures, newest first."""
        return capture_list(actor=actor_of(self.request))

    @extend_schema(operation_id="captures_list", tags=["market"])
    def get(self, request: Request) -> Response:
        """List your captured order books, newest first."""
        return self.list(request)


class CaptureDetailView(APIView):
    """One capture."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="captures_get", tags=["market"], responses=BookCaptureOutput
    )
    def get(self, request: Request, capture_id: UUID) -> Response:
        """Return a captured order book: what it holds, and what was found in it."""
        capture = capture_get(actor=actor_of(request), capture_id=capture_id)
        return Response(BookCaptureOutput(capture).data)

    @extend_schema(
        operation_id="captures_delete",
        tags=["market"],
        responses={204: OpenApiResponse(description="It is gone.")},
    )
    def delete(self, request: Request, capture_id: UUID) -> Response:
        """Delete a captured order book; results that were made of it stay.

        Refused with `capture_in_use` while a job that has not ended plays it.
        """
        capture_delete(actor=actor_of(request), capture_id=capture_id)
        return Response(status=204)
