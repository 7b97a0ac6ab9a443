"""Paper accounts: put money in, take money out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.idempotency import IDEMPOTENCY_KEY, idempotent
from apps.portfolio.serializers.paper import PaperFlowInput, PaperFlowOutput
from apps.portfolio.services.paper import paper_deposit, paper_withdraw
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request


class PaperDepositView(APIView):
    """Money that is put into a paper account."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="accounts_deposit",
        tags=["portfolio"],
        parameters=[IDEMPOTENCY_KEY],
        request=PaperFlowInput,
        responses={201: PaperFlowOutput},
    )
    @idempotent
    def post(self, request: Request, account_id: UUID) -> Response:
        """Put money into a paper account; a live one's is moved at its venue."""
        data = PaperFlowInput(data=request.data)
        data.is_valid(raise_exception=True)
        flow = paper_deposit(
            actor=actor_of(request),
            account_id=account_id,
            now=timezone.now(),
            **data.validated_data,
        )
        return Response(PaperFlowOutput(flow).data, status=201)


class PaperWithdrawalView(APIView):
    """Money that is taken out of a paper account."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="accounts_withdraw",
        tags=["portfolio"],
        parameters=[IDEMPOTENCY_KEY],
        request=PaperFlowInput,
        responses={201: PaperFlowOutput},
    )
    @idempotent
    def post(self, request: Request, account_id: UUID) -> Response:
        """Take money out of a paper account; what open orders hold stays in it."""
        data = PaperFlowInput(data=request.data)
        data.is_valid(raise_exception=True)
        flow = paper_withdraw(
            actor=actor_of(request),
            account_id=account_id,
            now=timezone.now(),
            **data.validated_data,
        )
        return Response(PaperFlowOutput(flow).data, status=201)
