"""What accounts hold, and the ledger behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.idempotency import IDEMPOTENCY_KEY, idempotent
from apps.core.pagination import StandardPagination
from apps.portfolio.enums import TransactionKind
from apps.portfolio.models import LedgerTransaction
from apps.portfolio.selectors.accounts import account_get
from apps.portfolio.selectors.ledger import (
    balance_list,
    positions_of,
    transaction_list,
    transactions_of_currency,
)
from apps.portfolio.serializers.ledger import (
    AdjustmentInput,
    BalancesOutput,
    LedgerTransactionOutput,
    PositionsOutput,
    TransferInput,
)
from apps.portfolio.services.corrections import adjustment_make, transfer_record
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from rest_framework.request import Request


class BalancesView(APIView):
    """What an account holds."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="accounts_balances", tags=["portfolio"], responses=BalancesOutput
    )
    def get(self, request: Request, account_id: UUID) -> Response:
        """Return what an account holds by its ledger, by currency.

        What open orders hold is part of it. The places tell where it came from.
        """
        account = account_get(actor=actor_of(request), account_id=account_id)
        return Response(BalancesOutput({"balances": balance_list(account)}).data)


class PositionsView(APIView):
    """What trading has left of each market."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="accounts_positions",
        tags=["portfolio"],
        responses=PositionsOutput,
    )
    def get(self, request: Request, account_id: UUID) -> Response:
        """Return an account's positions and what was made with them.

        They are of its executions alone: a deposit changes a balance and no position.
        """
        account = account_get(actor=actor_of(request), account_id=account_id)
        return Response(PositionsOutput({"positions": positions_of(account)}).data)


class LedgerFilter(filters.FilterSet):  # type: ignore[misc]  # ships no types
    """Which transactions to list."""

    kind = filters.ChoiceFilter(
        choices=TransactionKind.choices, help_text="Why money moved."
    )
    cause = filters.CharFilter(help_text="What kind of thing: execution, request.")
    currency = filters.CharFilter(
        method="of_currency", help_text="That moved this, such as USDT."
    )
    symbol = filters.CharFilter(help_text="Fills of this market, such as BTC/USDT.")
    strategy = filters.CharFilter(help_text="Fills of this strategy's orders.")
    start = filters.IsoDateTimeFilter(
        field_name="at", lookup_expr="gte", help_text="That happened then or later."
    )
    end = filters.IsoDateTimeFilter(
        field_name="at", lookup_expr="lt", help_text="That happened before."
    )

    class Meta:
        model = LedgerTransaction
        fields = ("kind", "cause", "currency", "symbol", "strategy", "start", "end")

    def of_currency(
        self, rows: QuerySet[LedgerTransaction], _: str, currency: str
    ) -> QuerySet[LedgerTransaction]:
        """Keep what moved a currency."""
        return transactions_of_currency(rows, currency)


class LedgerPagination(StandardPagination):
    """Transactions, the latest written first."""

    ordering = ("-number",)


class LedgerView(ListAPIView[LedgerTransaction]):
    """An account's ledger."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    serializer_class = LedgerTransactionOutput
    filterset_class = LedgerFilter
    pagination_class = LedgerPagination
    queryset = LedgerTransaction.objects.none()

    def get_queryset(self) -> QuerySet[LedgerTransaction]:
        """Return the account's transactions, the latest written first."""
        account = account_get(
            actor=actor_of(self.request), account_id=self.kwargs["account_id"]
        )
        return transaction_list(account=account)

    @extend_schema(operation_id="accounts_ledger", tags=["portfolio"])
    def get(self, request: Request, account_id: UUID) -> Response:
        """List an account's transactions with their entries, the latest written first."""
        return self.list(request)


class AdjustmentsView(APIView):
    """Explaining a difference between a ledger and its venue."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    needs_admin_key = True

    @extend_schema(
        operation_id="accounts_adjust",
        tags=["portfolio"],
        parameters=[IDEMPOTENCY_KEY],
        request=AdjustmentInput,
        responses={201: LedgerTransactionOutput},
    )
    @idempotent
    def post(self, request: Request, account_id: UUID) -> Response:
        """Bring a ledger to what its venue says, by an amount that you explain.

        Nothing moves at the venue, on paper neither. An API key needs the scope admin.
        """
        data = AdjustmentInput(data=request.data)
        data.is_valid(raise_exception=True)
        made = adjustment_make(
            actor=actor_of(request),
            account_id=account_id,
            now=timezone.now(),
            **data.validated_data,
        )
        return Response(LedgerTransactionOutput(made).data, status=201)


class TransfersView(APIView):
    """Recording what was moved between accounts."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    needs_admin_key = True

    @extend_schema(
        operation_id="accounts_transfer",
        tags=["portfolio"],
        parameters=[IDEMPOTENCY_KEY],
        request=TransferInput,
        responses={201: LedgerTransactionOutput},
    )
    @idempotent
    def post(self, request: Request, account_id: UUID) -> Response:
        """Record money that was moved at the venue from this live account to another.

        It is recorded in both ledgers and sent nowhere. On paper, withdraw from the one
        account and deposit in the other. An API key needs the scope admin.
        """
        data = TransferInput(data=request.data)
        data.is_valid(raise_exception=True)
        fields = {"at": None, **data.validated_data}
        made, _ = transfer_record(
            actor=actor_of(request),
            account_id=account_id,
            target_id=fields.pop("target"),
            now=timezone.now(),
            **fields,
        )
        return Response(LedgerTransactionOutput(made).data, status=201)
