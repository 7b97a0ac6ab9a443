"""Whatever happens, in whatever order: no order twice, no unit lost, no limit passed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings as budgets
from hypothesis.stateful import run_state_machine_as_test

from apps.portfolio.tests.world import live_store_make
from tests.journeys.money_machine import MoneyMachine

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django import Settings

# How many stories are told, and how long they are: the same ones in every run.
BUDGET = budgets(
    max_examples=25,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    # A story that fails is told as it is: to make it shorter takes minutes.
    phases=[Phase.generate],
)


@pytest.mark.django_db(transaction=True)
def test_position_ledger_and_venue_agree_whatever_happens(
    settings: Settings, tmp_path: Path
) -> None:
    live_store_make(settings, tmp_path)
    run_state_machine_as_test(MoneyMachine, settings=BUDGET)
