"""What lists are searched by: nothing that a caller asks for is passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django_filters.rest_framework import BooleanFilter, DjangoFilterBackend

from apps.core.choices import QUOTED, choices_text
from apps.core.errors import ErrorDetail, Invalid

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

# Of a query with many mistakes so many are told.
_TOLD = 10
_TRUTHS = frozenset({"", "true", "false", "1", "0"})


class UnknownParameter(Invalid):
    """A query names a parameter that the list does not have."""

    code = "unknown_parameter"


class StrictFilterBackend(DjangoFilterBackend):  # type: ignore[misc]  # ships no types
    """Filters a list, and refuses what it cannot filter by.

    A misspelt filter, or a truth that is neither `true` nor `false`, would else be
    answered with everything. The known parameters are those of the view's filters and
    of its pages.
    """

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: Any
    ) -> QuerySet[Any]:
        """Return what the query asks for.

        Raises:
            UnknownParameter: It names a parameter that the list does not have.
            Invalid: A truth is neither `true` nor `false`.
        """
        shape = self.get_filterset_class(view, queryset)
        filters = {} if shape is None else shape.base_filters
        given = request.query_params
        known = {*filters, *_page_parameters(view)}
        if unknown := sorted(set(given) - known):
            text = f"There is no such parameter; known: {choices_text(sorted(known))}."
            raise _refusal(UnknownParameter, unknown, text)
        truths = (
            name for name, one in filters.items() if isinstance(one, BooleanFilter)
        )
        wrong = [name for name in truths if given.get(name, "").lower() not in _TRUTHS]
        if wrong:
            raise _refusal(Invalid, wrong, "It must be true or false.")
        found: QuerySet[Any] = super().filter_queryset(request, queryset, view)
        return found

    def get_filterset(
        self, request: Request, queryset: QuerySet[Any], view: Any
    ) -> Any:
        """Return the view's filters, each of which can name its choices."""
        filterset = super().get_filterset(request, queryset, view)
        for field in filterset.form.fields.values() if filterset else ():
            if isinstance(field, forms.ChoiceField):
                choices: Any = field.choices
                known = choices_text(value for value, _ in choices if value)
                known = known.replace("%", "%%")
                field.error_messages["invalid_choice"] = (
                    f"'%(value).{QUOTED}s' is not one of: {known}."
                )
        return filterset


def _page_parameters(view: Any) -> set[str]:
    described = view.paginator.get_schema_operation_parameters(view)
    return {parameter["name"] for parameter in described}


def _refusal(kind: type[Invalid], names: list[str], text: str) -> Invalid:
    details = tuple(
        ErrorDetail(kind.code, text, name[:QUOTED]) for name in names[:_TOLD]
    )
    return kind(text, details=details)
