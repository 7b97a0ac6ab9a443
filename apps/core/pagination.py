"""Pages of lists that grow while they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.pagination import CursorPagination

from apps.core.errors import Invalid

if TYPE_CHECKING:
    from rest_framework.request import Request


class PageLimitInvalid(Invalid):
    """`limit` is not a whole number in its range."""

    code = "page_limit_invalid"


class StandardPagination(CursorPagination):
    """Cursor pages of 20, or `limit` (1-200), newest first.

    A cursor names a place, not a count, so that rows which arrive while a client walks
    the list are neither skipped nor shown twice, and deep pages cost no more.
    """

    page_size = 20
    page_size_query_param = "limit"
    max_page_size = 200
    ordering: tuple[str, ...] = ("-created_at", "-id")

    def get_page_size(self, request: Request) -> int:
        """Return the page's size, or refuse one that is out of range.

        Raises:
            PageLimitInvalid: `limit` is not a whole number from 1 to 200.
        """
        return limit_parse(request.query_params.get("limit"), self)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Describe `cursor` and `limit`, with their range."""
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            if parameter["name"] == "limit":
                parameter["schema"] = {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": self.max_page_size,
                    "default": self.page_size,
                }
        return parameters


def limit_parse(given: str | None, pagination: StandardPagination) -> int:
    """Return the size that a page should have.

    Raises:
        PageLimitInvalid: It is not a whole number in the range.
    """
    largest = int(pagination.max_page_size or 0)
    if given is None:
        return int(pagination.page_size or largest)
    # The length first: int() refuses thousands of digits with an error of its own.
    short = len(given) <= len(str(largest)) and given.isascii() and given.isdigit()
    if short and 1 <= int(given) <= largest:
        return int(given)
    msg = f"limit must be a whole number from 1 to {largest}, not {given[:20]!r}."
    raise PageLimitInvalid(msg, attr="limit")
