"""The service's addresses, and a bare view beside them to compare with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.urls import include, path
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.throttling import AnonThrottle, OrdersThrottle, ReadsThrottle
from apps.market.models import Watchlist
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from rest_framework.request import Request


class BareView(APIView):
    """Inserts one row and says which, behind the same authentication and throttles."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    throttle_classes = (AnonThrottle, ReadsThrottle, OrdersThrottle)

    def post(self, request: Request) -> Response:
        """Insert a row."""
        body: dict[str, Any] = dict(request.data)
        name = f"{body['symbol']} {uuid4()}"
        made = Watchlist.objects.create(owner=actor_of(request), name=name)
        return Response({"id": made.pk}, status=201)


urlpatterns = [
    path("bare/", BareView.as_view()),
    path("", include("config.urls")),
]
