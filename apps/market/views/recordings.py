"""Recordings of live order books: begin, read, stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from apps.core.idempotency import IDEMPOTENCY_KEY, idempotent
from apps.market.enums import RecordingState
from apps.market.models import Recording
from apps.market.selectors.recordings import recording_get, recording_list
from apps.market.serializers.recordings import RecordingOutput, RecordInput
from apps.market.services.recording_delete import recording_delete
from apps.market.services.recordings import recording_request, recording_stop
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from rest_framework.request import Request

LOCATION = OpenApiParameter(
    name="Location",
    type=str,
    location=OpenApiParameter.HEADER,
    response=[201],
    description="Where to follow the recording.",
)


class CaptureRecordView(APIView):
    """Recording an order book."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="captures_record",
        tags=["market"],
        parameters=[IDEMPOTENCY_KEY, LOCATION],
        request=RecordInput,
        responses={201: RecordingOutput},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Record a market's order book and trades as they come.

        `manage.py run_streams` writes down every change; at the end a job makes a capture
        of it, which market making and backtests can be run on. A crash loses seconds at
        most: what was written before is gone on with.
        """
        data = RecordInput(data=request.data)
        data.is_valid(raise_exception=True)
        recording = recording_request(
            actor=actor_of(request),
            exchange=data.validated_data["exchange"],
            symbol=data.validated_data["symbol"],
            seconds=data.validated_data.get("seconds"),
            now=timezone.now(),
        )
        where = reverse("recording_detail", kwargs={"recording_id": recording.pk})
        return Response(
            RecordingOutput(recording).data, status=201, headers={"Location": where}
        )


class RecordingFilter(filters.FilterSet):  # type: ignore[misc]
    """Which recordings to list."""

    exchange = filters.CharFilter(
        field_name="exchange", lookup_expr="iexact", help_text="Such as binance."
    )
    symbol = filters.CharFilter(
        field_name="symbol", lookup_expr="iexact", help_text="Such as BTC/USDT."
    )
    state = filters.ChoiceFilter(
        choices=[(one.value, one.value) for one in RecordingState],
        help_text="How far it is.",
    )

    class Meta:
        model = Recording
        fields = ("exchange", "symbol", "state")


class RecordingListView(ListAPIView[Recording]):
    """The caller's recordings."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    serializer_class = RecordingOutput
    filterset_class = RecordingFilter
    queryset = Recording.objects.none()

    def get_queryset(self) -> QuerySet[Recording]:
        """Return the caller's recordings, newest first."""
        return recording_list(actor=actor_of(self.request))

    @extend_schema(operation_id="recordings_list", tags=["market"])
    def get(self, request: Request) -> Response:
        """List your recordings, newest first."""
        return self.list(request)


class RecordingDetailView(APIView):
    """One recording."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="recordings_get", tags=["market"], responses=RecordingOutput
    )
    def get(self, request: Request, recording_id: UUID) -> Response:
        """Return a recording: how far it is, and the capture that became of it."""
        found = recording_get(actor=actor_of(request), recording_id=recording_id)
        return Response(RecordingOutput(found).data)

    @extend_schema(
        operation_id="recordings_delete",
        tags=["market"],
        responses={204: OpenApiResponse(description="It is gone.")},
    )
    def delete(self, request: Request, recording_id: UUID) -> Response:
        """Delete a recording and what was written of it; its capture stays.

        Refused with `recording_running` until it has ended.
        """
        recording_delete(actor=actor_of(request), recording_id=recording_id)
        return Response(status=204)


class RecordingStopView(APIView):
    """Ending a recording."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="recordings_stop",
        tags=["market"],
        request=None,
        responses=RecordingOutput,
    )
    def post(self, request: Request, recording_id: UUID) -> Response:
        """End a recording now; what was recorded becomes a capture.

        Refused with `recording_ended` where it has ended already.
        """
        found = recording_stop(
            actor=actor_of(request), recording_id=recording_id, now=timezone.now()
        )
        return Response(RecordingOutput(found).data)
