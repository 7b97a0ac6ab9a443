"""The templates are strategies that run."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest

from apps.core.errors import ErrorKind
from apps.engines.contracts import Bars
from apps.strategies.definition import (
    FixedQuoteSizing,
    definition_canonical_json,
    definition_check,
)
from apps.strategies.errors import TemplateNotFound
from apps.strategies.signals import signals_compute, warmup_bars
from apps.strategies.templates import template_get, template_list

if TYPE_CHECKING:
    from apps.strategies.templates import StrategyTemplate

TEMPLATES = template_list()


def wandering_bars(count: int) -> Bars:
    """Return bars of a random walk with trends and ranges, the same on every call."""
    random = np.random.default_rng(7)
    drift = 0.003 * np.sin(np.arange(count) / 90)
    close = 100 * np.exp(np.cumsum(random.normal(drift, 0.01)))
    opening = np.concatenate(([100.0], close[:-1]))
    spread = np.abs(random.normal(0, 0.004, count)) * close
    return Bars(
        time=np.arange(count, dtype=np.int64) * 3_600_000_000_000,
        open=opening,
        high=np.maximum(opening, close) + spread,
        low=np.minimum(opening, close) - spread,
        close=close,
        volume=random.uniform(1, 10, count),
        timeframe_ns=3_600_000_000_000,
    )


def test_the_six_that_people_know_are_there_in_order() -> None:
    assert [template.key for template in TEMPLATES] == [
        "bollinger_breakout",
        "donchian_breakout",
        "ema_rsi",
        "macd_momentum",
        "rsi_mean_reversion",
        "sma_cross",
    ]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.key)
def test_a_template_is_valid_and_says_when_it_works_and_fails(
    template: StrategyTemplate,
) -> None:
    definition_check(template.definition)

    assert template.title
    assert template.works.startswith("Works ")
    assert template.fails.startswith("Fails ")
    assert all(p.description for p in template.definition.parameters.values())


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.key)
def test_a_template_pays_fees_and_trades_a_fixed_amount(
    template: StrategyTemplate,
) -> None:
    definition = template.definition

    assert isinstance(definition.sizing, FixedQuoteSizing)
    assert definition.sizing.amount == Decimal(1000)
    assert (definition.fees, definition.slippage) == (Decimal("0.001"), Decimal(0))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.key)
def test_a_template_enters_and_leaves_on_ordinary_bars(
    template: StrategyTemplate,
) -> None:
    signals = signals_compute(template.definition, {}, wandering_bars(3_000))

    assert signals.entry_long.sum() >= 3
    assert signals.exit_long.sum() >= 3
    assert not signals.entry_short.any()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.key)
@pytest.mark.parametrize("bound", ["minimum", "maximum"])
def test_a_template_runs_at_both_ends_of_its_bounds(
    template: StrategyTemplate, bound: str
) -> None:
    definition = template.definition
    chosen = {name: getattr(p, bound) for name, p in definition.parameters.items()}

    signals = signals_compute(definition, chosen, wandering_bars(200))

    assert len(signals.entry_long) == 200
    assert warmup_bars(definition, chosen) > 0


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.key)
def test_a_template_is_written_in_canonical_form_with_nothing_left_to_defaults(
    template: StrategyTemplate,
) -> None:
    canonical = json.loads(definition_canonical_json(template.definition))

    assert template.definition.model_dump(mode="json") == canonical


def test_stops_and_targets_are_used_by_some_template() -> None:
    definitions = [template.definition for template in TEMPLATES]

    assert template_get("rsi_mean_reversion").definition.stop_loss == Decimal("0.05")
    assert any(definition.take_profit for definition in definitions)


def test_an_unknown_template_is_not_found_and_the_nearest_is_named() -> None:
    with pytest.raises(TemplateNotFound, match="did you mean 'sma_cross'") as caught:
        template_get("sma_corss")

    assert caught.value.kind is ErrorKind.NOT_FOUND
