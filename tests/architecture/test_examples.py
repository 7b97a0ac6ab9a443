"""Every body that the contract shows is one that the service takes."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import get_resolver
from rest_framework import serializers


def _with_examples() -> list[tuple[type[serializers.Serializer[Any]], str, Any]]:
    # The views import every serializer.
    get_resolver().reverse_dict  # noqa: B018
    waiting: list[type[serializers.Serializer[Any]]]
    found: list[tuple[type[serializers.Serializer[Any]], str, Any]]
    waiting, found = [serializers.Serializer], []
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        shown = getattr(kind, "_spectacular_annotation", {}).get("examples", [])
        found += [(kind, one.name, one.value) for one in shown]
    return sorted(found, key=lambda one: (one[0].__name__, one[1]))


@pytest.mark.django_db
def test_every_example_of_a_body_is_taken() -> None:
    found = _with_examples()

    wrong = {
        f"{kind.__name__}, {name}": dict(filled.errors)
        for kind, name, body in found
        if not (filled := kind(data=body)).is_valid()
    }

    assert wrong == {}
    assert len(found) >= 20
