"""Shapes of strategies; a definition's own shape is its pydantic model."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from apps.core.serializers import StrictSerializer
from apps.strategies.definition import StrategyDefinition
from apps.strategies.models import Strategy, StrategyVersion


@extend_schema_field(StrategyDefinition)  # type: ignore[arg-type]  # pydantic too
class DefinitionField(serializers.DictField):
    """A strategy's definition, checked by its own model in the service."""


class StrategyCreateInput(StrictSerializer):
    """A new strategy: a definition, or the key of a template."""

    definition = DefinitionField(required=False, help_text="The whole strategy.")
    template = serializers.CharField(
        required=False, max_length=100, help_text="Instead: a template's key."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for exactly one of the two."""
        if len(attrs) != 1:
            msg = "Give exactly one of definition and template."
            raise serializers.ValidationError(msg)
        return attrs


class StrategyUpdateInput(StrictSerializer):
    """The next version of a strategy."""

    definition = DefinitionField(help_text="The whole strategy.")


class StrategyValidateInput(StrictSerializer):
    """A definition to be checked and not stored."""

    definition = DefinitionField(help_text="The whole strategy.")


class StrategyValidOutput(serializers.Serializer[Any]):
    """What a valid definition amounts to."""

    content_hash = serializers.CharField(help_text="SHA-256 of the canonical form.")
    definition = DefinitionField(help_text="The canonical form.")
    warmup_bars = serializers.IntegerField(
        help_text="Bars before every rule can speak, with default parameters."
    )


class StrategyLinksOutput(serializers.Serializer[Any]):
    """What can be done next."""

    self = serializers.CharField(help_text="This strategy.")
    versions = serializers.CharField(help_text="All its versions.")
    backtest = serializers.CharField(help_text="POST to judge it.")
    export = serializers.CharField(help_text="With `?engine=`: it as a file.")


class StrategyOutput(serializers.ModelSerializer[Strategy]):
    """A strategy with its latest version."""

    version = serializers.IntegerField(
        source="latest.number", read_only=True, help_text="The latest version's number."
    )
    content_hash = serializers.CharField(
        source="latest.content_hash", read_only=True, help_text="Also the ETag."
    )
    definition = DefinitionField(
        source="latest.definition", read_only=True, help_text="In canonical form."
    )
    _links = serializers.SerializerMethodField(help_text="What can be done next.")

    class Meta:
        model = Strategy
        fields = (
            "id",
            "name",
            "version",
            "content_hash",
            "definition",
            "created_at",
            "updated_at",
            "_links",
        )
        read_only_fields = fields

    @extend_schema_field(StrategyLinksOutput)
    def get__links(self, strategy: Strategy) -> dict[str, str]:
        """Return where to go from here."""
        where = {"strategy_id": strategy.pk}
        return {
            "self": reverse("strategy_detail", kwargs=where),
            "versions": reverse("strategy_version_list", kwargs=where),
            "backtest": reverse("backtest_list"),
            "export": reverse("strategy_export", kwargs=where),
        }


class StrategyVersionOutput(serializers.ModelSerializer[StrategyVersion]):
    """One version of a strategy."""

    definition = DefinitionField(read_only=True, help_text="In canonical form.")

    class Meta:
        model = StrategyVersion
        fields = ("number", "content_hash", "definition", "created_at")
        read_only_fields = fields


class StrategyTemplateOutput(serializers.Serializer[Any]):
    """A known strategy, ready to be posted."""

    key = serializers.CharField(help_text="As in `template` of a new strategy.")
    title = serializers.CharField(help_text="For people.")
    works = serializers.CharField(help_text="The market in which it earns.")
    fails = serializers.CharField(help_text="The market in which it loses.")
    definition = DefinitionField(help_text="The whole strategy.")
