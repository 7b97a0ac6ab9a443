"""Every list refuses what it cannot search by, so that no typing error shows it all."""

from __future__ import annotations

from typing import Any

import pytest
from drf_spectacular.generators import EndpointEnumerator
from rest_framework.mixins import ListModelMixin

from apps.core.filters import StrictFilterBackend
from apps.core.tests.answers import client_of, error_of, findings_of
from apps.users.tests.factories import UserFactory

LISTS: dict[str, Any] = {
    path: callback.cls
    for path, _, method, callback in EndpointEnumerator().get_api_endpoints()  # type: ignore[no-untyped-call]
    if method == "GET" and issubclass(callback.cls, ListModelMixin)
}
OPEN = [
    path
    for path, view in LISTS.items()
    if "{" not in path and StrictFilterBackend in view.filter_backends
]
CHOICES = {"/api/v1/orders/": "state", "/api/v1/accounts/": "mode"}
# Its query is read by a serializer that knows no other names.
READ_BY_HAND = "/api/v1/accounts/{account_id}/equity/"
TRUTHS = {"/api/v1/orders/": "open", "/api/v1/schedules/": "enabled"}


@pytest.fixture
def client(db: None) -> Any:
    """A client that is signed in."""
    return client_of(UserFactory.create())


def test_no_list_is_without_its_filters() -> None:
    without = {
        path
        for path, view in LISTS.items()
        if StrictFilterBackend not in view.filter_backends
    }

    assert without == {READ_BY_HAND}


@pytest.mark.parametrize("path", OPEN)
def test_a_misspelt_parameter_is_named_and_the_known_ones_with_it(
    path: str, client: Any
) -> None:
    refused = error_of(client.get(path, {"sybmol": "BTC/USDT", "limit": "1"}), 400)

    assert (refused.code, refused.attr) == ("unknown_parameter", "sybmol")
    known = {"cursor", "limit", *_filters(LISTS[path])}
    assert set(refused.detail.rstrip(".").split("known: ")[1].split(", ")) == known


@pytest.mark.parametrize("path", OPEN)
def test_what_the_contract_names_is_taken(path: str, client: Any) -> None:
    known = {"limit": "1"} | dict.fromkeys(_filters(LISTS[path]), "")

    assert client.get(path, known).status_code == 200


@pytest.mark.parametrize(("path", "name"), CHOICES.items())
def test_a_filter_with_choices_names_them(path: str, name: str, client: Any) -> None:
    refused = error_of(client.get(path, {name: "sh%ut{}" + "x" * 90}), 400)
    choices = _filters(LISTS[path])[name].extra["choices"]

    assert (refused.code, refused.attr) == ("invalid_choice", name)
    assert all(str(value) in refused.detail for value, _ in choices)
    assert "sh%ut{}" in refused.detail
    assert "x" * 41 not in refused.detail


@pytest.mark.parametrize(("path", "name"), TRUTHS.items())
def test_a_truth_that_is_neither_is_refused(path: str, name: str, client: Any) -> None:
    refused = error_of(client.get(path, {name: "maybe"}), 400)

    assert (refused.code, refused.attr) == ("invalid", name)
    assert client.get(path, {name: "TRUE"}).status_code == 200


def test_of_many_mistakes_the_first_are_told(client: Any) -> None:
    many = {f"{'wrong' * 20}{number:03}": "1" for number in range(50)}

    told = findings_of(client.get("/api/v1/orders/", many), 400)

    assert len(told) == 10
    assert all(len(one.attr or "") <= 40 for one in told)


def _filters(view: Any) -> dict[str, Any]:
    shape = getattr(view, "filterset_class", None)
    return {} if shape is None else shape.base_filters
