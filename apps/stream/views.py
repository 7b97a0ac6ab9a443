"""Streams over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.views import View
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.views import APIView

from apps.core.errors import ErrorDetail
from apps.core.long_answers import connection_release
from apps.core.renderers import EventStreamRenderer
from apps.stream.asyncapi import document_text
from apps.stream.errors import TopicUnknown
from apps.stream.hub import stream_admit
from apps.stream.requests import request_check, topics_count
from apps.stream.serializers import EventsQuery
from apps.stream.sse import sse_events
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.request import Request

    from apps.stream.requests import Request as Followed


class EventsView(APIView):
    """What happens, as it happens."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    renderer_classes = (EventStreamRenderer, JSONRenderer)
    # Not HEAD: its caller would wait for the end of a body that it does not see.
    http_method_names = ("get", "options")

    @extend_schema(
        operation_id="events_follow",
        tags=["streams"],
        parameters=[
            EventsQuery,
            OpenApiParameter(
                "Last-Event-ID",
                OpenApiTypes.INT,
                OpenApiParameter.HEADER,
                description="The id of the last event that was seen; see `after`.",
            ),
        ],
        responses={
            (200, "text/event-stream"): OpenApiResponse(
                OpenApiTypes.STR,
                description=(
                    "Server-sent events. `event`: something that happened, told once "
                    "and in order, with its number as id. `latest`: the newest values "
                    "of topics that changed. `goodbye`: the stream ends, every minute "
                    "at least; connect again and it goes on after the last id. Each "
                    "has one message in JSON, as `/api/asyncapi/` has it."
                ),
            )
        },
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """Follow topics: what happens to your jobs, and the newest prices.

        The WebSocket `/ws/v1/stream` tells the same.
        """
        owner = actor_of(request).pk
        query = _query(request)
        topics_count((), query["topics"], settings.STREAM_TOPICS_PER_CONNECTION)
        followed = request_check(
            owner=owner, topics=query["topics"], after=query.get("after"), followed=()
        )
        _refused_check(followed)
        stream_admit(owner, followed.latest)
        connection_release()
        return StreamingHttpResponse(
            sse_events(owner=owner, request=followed),
            content_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )


class AsyncApiView(View):
    """The messages of streams, as a document; open to all, as the OpenAPI one is."""

    async def get(self, request: HttpRequest) -> HttpResponse:
        """Return the AsyncAPI document: each message of a stream with its schema."""
        return HttpResponse(document_text(), content_type="application/yaml")


def _query(request: Request) -> dict[str, Any]:
    given: dict[str, Any] = request.query_params.dict()
    # Of the two this is the newer: a browser sends it when it connects again.
    last = request.headers.get("Last-Event-ID")
    if last:
        given["after"] = last
    query = EventsQuery(data=given)
    query.is_valid(raise_exception=True)
    validated: dict[str, Any] = query.validated_data
    return validated


def _refused_check(followed: Followed) -> None:
    if not followed.refused:
        return
    details = tuple(
        ErrorDetail(one.code, _refusal_text(topic, one.detail, one.near), "topics")
        for topic, one in followed.refused.items()
    )
    first = details[0]
    raise TopicUnknown(first.message, attr="topics", code=first.code, details=details)


def _refusal_text(topic: str, detail: str, near: tuple[str, ...]) -> str:
    meant = f" Did you mean {', '.join(near)}?" if near else ""
    return f"{topic}: {detail}{meant}"
