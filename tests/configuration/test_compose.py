"""The stack as it is written down; it is run by `.ci/container-check`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONCE = {"certs", "migrate", "manage"}


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_can_do_more_than_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert service["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"manage"}))
def test_every_service_has_a_bound_on_memory(name: str) -> None:
    assert SERVICES[name]["mem_limit"]


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - ONCE))
def test_every_lasting_service_has_a_probe_and_comes_back(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_only_nginx_publishes_ports_and_only_it_and_ours_reach_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == [
        "nginx"
    ]
    assert COMPOSE["networks"]["inner"]["internal"] is True
    assert SERVICES["nginx"]["networks"] == ["edge"]
    assert SERVICES["db"]["networks"] == SERVICES["redis"]["networks"] == ["inner"]


def test_nothing_starts_before_the_settings_were_looked_at() -> None:
    for name in ("db", "redis", "nginx"):
        first = SERVICES[name]["depends_on"]["certs"]
        assert first == {"condition": "service_completed_successfully"}


def test_no_password_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for name in ("POSTGRES_PASSWORD", "REDIS_PASSWORD"):
        assert f"${{{name}:-" not in text
        assert f"${{{name}:?" in text


def test_all_roles_run_the_same_image() -> None:
    images = {
        service["image"]
        for name, service in SERVICES.items()
        if name not in {"db", "redis", "nginx"}
    }
    assert images == {"${PARALLAX_IMAGE:-parallax}"}


def test_the_image_names_no_registry_of_packages() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert "index-url" not in text
    assert "# syntax=" not in text
