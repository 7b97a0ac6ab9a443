"""Shapes that belong to no single room."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.choices import QUOTED, choices_text

_UNNAMED = serializers.ChoiceField.default_error_messages["invalid_choice"]


class StrictSerializer(serializers.Serializer[Any]):
    """An input that refuses fields it does not know, by name.

    Where a value is none of a field's choices, the answer says which they are.
    """

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

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return the fields, each of which can name its choices."""
        fields = super().get_fields()
        for field in fields.values():
            _choices_tell(field)
        return fields


def _choices_tell(field: serializers.Field[Any, Any, Any, Any]) -> None:
    child = getattr(field, "child", None)
    if child is not None:
        _choices_tell(child)
    if not isinstance(field, serializers.ChoiceField):
        return
    # What a field says in words of its own stays.
    if field.error_messages["invalid_choice"] is _UNNAMED:
        known = choices_text(field.choice_strings_to_values)
        known = known.replace("{", "{{").replace("}", "}}")
        field.error_messages["invalid_choice"] = (
            f"'{{input!s:.{QUOTED}}}' is not one of: {known}."
        )
