"""What a body looks like, for those who read the contract or try it in Swagger UI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rest_framework.serializers import BaseSerializer

# Stands for an id of the reader's own.
SOME_ID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"


def body_examples[Shape: BaseSerializer[Any]](
    examples: Mapping[str, Mapping[str, Any]],
) -> Callable[[type[Shape]], type[Shape]]:
    """Return a decorator that shows bodies instead of ones that are made up.

    Args:
        examples: Each a body that the serializer takes, by what it is.
    """
    return extend_schema_serializer(
        examples=[
            OpenApiExample(title, value=dict(body), request_only=True)
            for title, body in examples.items()
        ]
    )
