"""Accounts: make, read, change, close."""

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
from apps.portfolio.enums import AccountMode
from apps.portfolio.models import Account
from apps.portfolio.selectors.accounts import account_get, account_list
from apps.portfolio.serializers.accounts import (
    AccountCreateInput,
    AccountOutput,
    AccountUpdateInput,
)
from apps.portfolio.services.accounts import (
    account_close,
    account_create,
    account_update,
)
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from rest_framework.request import Request


class AccountFilter(filters.FilterSet):  # type: ignore[misc]  # ships no types
    """What accounts can be searched by."""

    mode = filters.ChoiceFilter(choices=AccountMode.choices, help_text="Only these.")
    closed = filters.BooleanFilter(
        field_name="closed_at",
        lookup_expr="isnull",
        exclude=True,
        help_text="Only those that were closed, or only the others.",
    )

    class Meta:
        model = Account
        fields = ("mode", "closed")


class AccountListCreateView(ListAPIView[Account]):
    """The caller's accounts."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    serializer_class = AccountOutput
    filterset_class = AccountFilter
    queryset = Account.objects.none()

    def get_queryset(self) -> QuerySet[Account]:
        """Return the caller's accounts, newest first."""
        return account_list(actor=actor_of(self.request))

    @extend_schema(operation_id="accounts_list", tags=["portfolio"])
    def get(self, request: Request) -> Response:
        """List your accounts, closed ones as well, newest first."""
        return self.list(request)

    @extend_schema(
        operation_id="accounts_create",
        tags=["portfolio"],
        parameters=[IDEMPOTENCY_KEY],
        request=AccountCreateInput,
        responses={201: AccountOutput},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Make an account, on paper or live; you may have 50 open ones.

        A live account needs keys and a preflight that was passed before it can trade.
        """
        data = AccountCreateInput(data=request.data)
        data.is_valid(raise_exception=True)
        made = account_create(
            actor=actor_of(request), now=timezone.now(), **data.validated_data
        )
        body = AccountOutput(made).data
        return Response(body, status=201, headers={"Location": body["_links"]["self"]})


class AccountDetailView(APIView):
    """One account."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="accounts_get", tags=["portfolio"], responses=AccountOutput
    )
    def get(self, request: Request, account_id: UUID) -> Response:
        """Return an account."""
        found = account_get(actor=actor_of(request), account_id=account_id)
        return Response(AccountOutput(found).data)

    @extend_schema(
        operation_id="accounts_update",
        tags=["portfolio"],
        request=AccountUpdateInput,
        responses=AccountOutput,
    )
    def patch(self, request: Request, account_id: UUID) -> Response:
        """Change an account's name, or what trading on paper costs and how long it takes.

        Its mode, exchange, currency and prices stay what they were made as.
        """
        data = AccountUpdateInput(data=request.data)
        data.is_valid(raise_exception=True)
        changed = account_update(
            actor=actor_of(request),
            account_id=account_id,
            now=timezone.now(),
            **data.validated_data,
        )
        return Response(AccountOutput(changed).data)


class AccountCloseView(APIView):
    """Closing an account."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="accounts_close",
        tags=["portfolio"],
        request=None,
        responses=AccountOutput,
    )
    def post(self, request: Request, account_id: UUID) -> Response:
        """Close an account for good; its ledger and its orders stay readable.

        It is refused while orders are open. What the account holds stays in it.
        """
        closed = account_close(
            actor=actor_of(request), account_id=account_id, now=timezone.now()
        )
        return Response(AccountOutput(closed).data)
