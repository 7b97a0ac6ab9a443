"""A result's rows: a page of JSON, or all of them as a file."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from rest_framework.response import Response

from apps.core.series_answers import (
    series_answer,
    series_is_file,
    series_page,
    series_tag,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from django.http.response import HttpResponseBase
    from rest_framework.request import Request
    from rest_framework.serializers import Serializer

    from apps.analysis.result_rows import TableRows
    from apps.analysis.selectors import TablePage


def result_answer(
    request: Request,
    *,
    name: str,
    run_id: UUID,
    rows: Callable[[], TableRows],
    page: Callable[..., TablePage],
    shape: type[Serializer[Any]],
    query: dict[str, Any],
) -> HttpResponseBase:
    """Return a run's rows in the form that is asked for; they never change.

    Args:
        request: Who asks for what.
        name: What a file of it is called, without its ending.
        run_id: Whose rows they are.
        rows: Opens all of them.
        page: Reads some of them; takes `offset` and `limit`.
        shape: Of a page.
        query: What was asked for, with `offset` and `limit`.
    """
    if series_is_file(request):
        tag = series_tag(request, (name, run_id))
        return series_answer(request, tag=tag, name=name, open_rows=rows)
    where = {"offset": query["offset"], "limit": query["limit"]}
    tag = series_tag(request, (name, run_id, *where.values()))
    return series_page(request, tag=tag, page=partial(_page, page, shape, where))


def _page(
    read: Callable[..., TablePage], shape: type[Serializer[Any]], where: dict[str, int]
) -> Response:
    page = read(**where)
    body = {"results": page.rows, "next_offset": page.next_offset}
    return Response(shape(body).data)
