"""What the OpenAPI document says of every operation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from apps.core.errors import error_codes
from apps.core.schema import errors_document

if TYPE_CHECKING:
    from collections.abc import Iterator

ERROR = {"$ref": "#/components/schemas/ErrorResponse"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    from drf_spectacular.generators import SchemaGenerator  # noqa: PLC0415 - settings

    generator: Any = SchemaGenerator
    made: dict[str, Any] = generator().get_schema(request=None, public=True)
    return made


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def responses(document: dict[str, Any], operation: Any) -> dict[str, dict[str, Any]]:
    """Return an operation's responses, each where its reference leads."""
    shared = document["components"]["responses"]
    return {
        status: shared[response["$ref"].rsplit("/", 1)[1]]
        if "$ref" in response
        else response
        for status, response in operation["responses"].items()
    }


def test_every_operation_tells_its_errors_in_the_one_shape(
    document: dict[str, Any],
) -> None:
    for path, method, operation in operations(document):
        for status, response in responses(document, operation).items():
            if int(status) >= 400 and not path.startswith("/api/health/"):
                schema = response["content"]["application/json"]["schema"]
                assert schema == ERROR, (path, method, status)


def test_every_operation_tells_what_can_always_happen(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        assert {"401", "404", "429", "500", "503"} <= set(operation["responses"]), (
            path,
            method,
        )


def test_only_operations_with_a_body_can_conflict(document: dict[str, Any]) -> None:
    for _, method, operation in operations(document):
        # An export is made when it is read, and refuses what an engine cannot honour.
        made = operation["operationId"] == "strategies_export"
        assert ("422" in operation["responses"]) is (method != "get" or made)


def test_every_answer_carries_a_request_id(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        for status, response in responses(document, operation).items():
            assert "X-Request-ID" in response["headers"], (path, method, status)


def test_what_may_be_tried_again_says_when(document: dict[str, Any]) -> None:
    operation = document["paths"]["/api/v1/strategies/"]["post"]
    told = responses(document, operation)

    assert {"Retry-After", "RateLimit-Limit", "RateLimit-Reset"} <= set(
        told["429"]["headers"]
    )
    assert "Retry-After" in told["503"]["headers"]


def test_every_code_of_the_domain_is_in_the_enum(document: dict[str, Any]) -> None:
    codes = document["components"]["schemas"]["ErrorCodeEnum"]["enum"]

    assert set(error_codes()) >= {"strategy_invalid", "backtest_not_found"}
    assert set(error_codes()) <= {*codes, *_of_tests()}
    assert codes == sorted(set(codes))


def _of_tests() -> set[str]:
    # Tests make errors of their own, which no document knows.
    return {code for code in error_codes() if code.endswith("_in_this_test")}


def test_operations_have_names_of_their_own(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]

    assert len(names) == len(set(names))


def test_the_health_probes_are_described_though_they_are_djangos_own(
    document: dict[str, Any],
) -> None:
    for where in ("/api/health/", "/api/health/live/", "/api/health/ready/"):
        assert "200" in document["paths"][where]["get"]["responses"]


@pytest.mark.django_db
def test_a_probe_answers_what_the_document_says(document: dict[str, Any]) -> None:
    described = document["components"]["schemas"]["Health"]

    body = Client().get("/api/health/").json()

    assert set(body) == set(described["required"])
    for name, value in body.items():
        assert value in described["properties"][name]["enum"]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    known = set(document["components"]["schemas"])

    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}

    assert named <= known


def test_a_response_that_an_operation_describes_itself_is_left_alone() -> None:
    own = {"description": "Mine."}
    given: dict[str, Any] = {"paths": {"/x/": {"get": {"responses": {"404": own}}}}}

    made = errors_document(given, None, None, True)  # noqa: FBT003 - a hook's signature

    assert made["paths"]["/x/"]["get"]["responses"]["404"]["description"] == "Mine."
