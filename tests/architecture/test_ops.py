"""The dashboard, the alerts and their page speak of metrics that there are."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from apps.core.metrics.registry import collector_list
from apps.core.metrics.system import System
from apps.market.tests.live import status_tell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import Settings

OPS = Path(__file__).parents[2] / "docs" / "ops"
# What Prometheus itself adds to every sample of a target, and tells of the target.
TARGET = {"job", "instance"}
OF_PROMETHEUS = {"up": TARGET}
KEYWORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan"}
GROUPING = r"\b(by|without|on|ignoring|group_left|group_right)\s*\(([^()]*)\)"
SELECTOR = re.compile(r"\b([a-zA-Z_:][\w:]*)\s*(\(|\{[^{}]*\})?")
MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"')

type Labels = dict[str, set[str]]


@pytest.fixture
def exposed(
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    tmp_path: Path,
    transactional_db: None,
) -> Labels:
    """Return the labels of each sample that a real scrape shows, by its name."""
    # A scrape reads in threads of its own: what it is to find must be committed.
    settings.CACHE_DIR = tmp_path / "cache"
    status_tell("binance", now=timezone.now())
    monkeypatch.setattr("apps.core.metrics.scrape.SYSTEM", System())
    Client().get("/nowhere/")
    text = Client().get("/metrics").content.decode()
    found: Labels = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name.startswith("parallax_"):
                found.setdefault(sample.name, set()).update(sample.labels)
    return found


def dashboard() -> Any:
    return json.loads((OPS / "grafana-dashboard.json").read_text())


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((OPS / "alerts.yml").read_text())["groups"]
    return list(group["rules"])


def expressions() -> Iterator[str]:
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"]
    for rule in rules():
        yield rule["expr"]


def selected(expression: str) -> Labels:
    """Return which labels each metric of an expression is asked for."""
    expression = re.sub(r'"[^"]*"', '""', expression)
    grouped = {
        label.strip()
        for _, labels in re.findall(GROUPING, expression)
        for label in labels.split(",")
        if label.strip()
    }
    bare = re.sub(GROUPING, " ", re.sub(r"\[[^\]]*\]", " ", expression))
    found: Labels = {}
    for name, follows in SELECTOR.findall(bare):
        if follows != "(" and name.lower() not in KEYWORDS:
            found.setdefault(name, set()).update(MATCHER.findall(follows), grouped)
    return found


def test_selectors_are_read_out_of_an_expression() -> None:
    expression = (
        'sum by (le, route) (rate(a_bucket{status=~"5..|by (x)", b!="up"}[$__rate]))'
        " / on (route) max(c:d_total) > 0.5 and on () up"
    )

    found = selected(expression)

    assert found == {
        "a_bucket": {"status", "b", "le", "route"},
        "c:d_total": {"le", "route"},
        "up": {"le", "route"},
    }


def test_every_expression_asks_for_metrics_and_labels_that_a_scrape_shows(
    exposed: Labels,
) -> None:
    known = exposed | OF_PROMETHEUS
    asked = 0
    for expression in expressions():
        found = selected(expression)
        assert found, expression
        assert set(found) <= set(known), expression
        for name, labels in found.items():
            # What an expression groups by may belong to its other metric.
            others = set().union(*(known[one] for one in found))
            assert labels <= known[name] | others | TARGET, expression
            asked += 1
    assert asked > 30


def test_the_dashboards_variables_ask_for_labels_that_there_are(
    exposed: Labels,
) -> None:
    queries = [
        variable["definition"]
        for variable in dashboard()["templating"]["list"]
        if "definition" in variable
    ]
    assert queries
    for query in queries:
        found = re.fullmatch(r"label_values\((\w+), (\w+)\)", query)
        assert found, query
        assert found[2] in exposed[found[1]]


def test_every_metric_is_documented_with_its_labels_and_no_other_is(
    exposed: Labels,
) -> None:
    page = (OPS / "README.md").read_text()
    rows = re.findall(r"^\| `(parallax_\w+)` \|([a-z ]+)\|([^|]*)\|", page, re.M)
    documented = {name: set(re.findall(r"`(\w+)`", labels)) for name, _, labels in rows}
    kinds = {name: kind.strip() for name, kind, _ in rows}

    shown: Labels = {}
    for name, labels in exposed.items():
        family = re.sub(r"_(bucket|count|sum|gcount|gsum)$", "", name)
        shown.setdefault(family, set()).update(labels - {"le"})
    assert documented == shown
    for name, kind in kinds.items():
        assert (f"{name}_bucket" in exposed) == ("histogram" in kind), name
        assert name.endswith("_total") == (kind == "counter"), name


def test_every_room_that_registered_can_be_asked(exposed: Labels) -> None:
    scrape = Client().get("/metrics").content.decode()

    assert collector_list()
    for name in collector_list():
        assert f'parallax_collector_up{{collector="{name}"}} 1.0' in scrape


def test_the_dashboard_can_be_imported_anywhere() -> None:
    document = dashboard()

    panels = document["panels"]
    assert document["title"] == "Parallax"
    assert len({panel["id"] for panel in panels}) == len(panels)
    sources = {panel["datasource"]["uid"] for panel in panels if "datasource" in panel}
    assert sources == {"${datasource}"}
    places = [
        (panel["gridPos"]["x"] + column, panel["gridPos"]["y"] + row)
        for panel in panels
        for column in range(panel["gridPos"]["w"])
        for row in range(panel["gridPos"]["h"])
    ]
    assert len(set(places)) == len(places), "panels lie over each other"
    assert max(column for column, _ in places) < 24


def test_every_alert_says_how_bad_it_is_and_what_to_do() -> None:
    names = [rule["alert"] for rule in rules()]

    assert len(set(names)) == len(names)
    for rule in rules():
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert re.fullmatch(r"\d+m", rule["for"])
        assert set(rule["annotations"]) == {"summary", "action"}
        assert len(rule["annotations"]["action"]) > 40


def test_prometheus_is_told_where_to_ask_and_which_rules_to_judge() -> None:
    document = yaml.safe_load((OPS / "prometheus.yml").read_text())

    (job,) = document["scrape_configs"]
    assert (job["job_name"], job["metrics_path"]) == ("parallax", "/metrics")
    assert [(OPS / name).exists() for name in document["rule_files"]] == [True]
    asked = {
        name
        for expression in expressions()
        for name in re.findall(r'job="(\w+)"', expression)
    }
    assert asked == {job["job_name"]}
