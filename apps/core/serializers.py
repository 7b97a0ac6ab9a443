"""Shapes that belong to no single room."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class StrictSerializer(serializers.Serializer[Any]):
    """An input that refuses fields it does not know, by name."""

    def to_internal_value(self, data: Any) -> Any:
        """Refuse unknown fields, then parse the known ones."""
        if hasattr(data, "keys"):
            unknown = sorted(set(data.keys()) - set(self.fields))
            if unknown:
                known = ", ".join(sorted(self.fields))
                message = f"There is no such field. Known fields: {known}."
                raise serializers.ValidationError(
                    {str(name): [message] for name in unknown}
                )
        return super().to_internal_value(data)
