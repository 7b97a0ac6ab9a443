"""How well accounts did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.etags import NO_STORE
from apps.portfolio.selectors.accounts import account_get
from apps.portfolio.selectors.performance import performance
from apps.portfolio.serializers.performance import (
    PerformanceOutput,
    PerformanceQuery,
)
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request


class AccountPerformanceView(APIView):
    """How well one account did."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="accounts_performance",
        tags=["portfolio"],
        parameters=[PerformanceQuery],
        responses=PerformanceOutput,
    )
    def get(self, request: Request, account_id: UUID) -> Response:
        """Return returns, risk and trades of an account within a time.

        What is undefined is null. The formulas and their sources are in the manual.
        """
        query = PerformanceQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        account = account_get(actor=actor_of(request), account_id=account_id)
        found = performance(
            account=account,
            start=asked.get("start"),
            end=asked.get("end"),
            now=timezone.now(),
        )
        return Response(PerformanceOutput(found).data, headers=NO_STORE)
