"""Strategies as files that run in an engine, away from Parallax."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.views import APIView

from apps.core.renderers import PythonRenderer, ZipRenderer
from apps.strategies.selectors import strategy_export_get
from apps.strategies.serializers.exports import StrategyExportInput
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request

_REFUSED = OpenApiResponse(
    {"$ref": "#/components/schemas/ErrorResponse"},
    "`unsupported_by_engine`: names each option that it cannot honour.",
)


class StrategyExportView(APIView):
    """A strategy, to be taken along."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    renderer_classes = (PythonRenderer, ZipRenderer, *APIView.renderer_classes)

    @extend_schema(
        operation_id="strategies_export",
        tags=["strategies"],
        parameters=[StrategyExportInput],
        responses={
            (200, PythonRenderer.media_type): OpenApiTypes.BINARY,
            (200, ZipRenderer.media_type): OpenApiTypes.BINARY,
            (422, "application/json"): _REFUSED,
        },
    )
    def get(self, request: Request, strategy_id: UUID) -> HttpResponse:
        """Return a strategy as a file that runs in an engine, without Parallax.

        NautilusTrader and vectorbt get a Python script, freqtrade a zip file with a
        strategy, a configuration and a guide. On the same candles they make the trades
        that the fill contract gives. An option that an export cannot honour is refused.
        """
        query = StrategyExportInput(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        file = strategy_export_get(
            actor=actor_of(request),
            strategy_id=strategy_id,
            engine=asked["engine"],
            number=asked.get("version"),
            series_id=asked.get("series"),
            slippage=asked.get("slippage"),
        )
        headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
        return HttpResponse(file.content, file.content_type, headers=headers)
