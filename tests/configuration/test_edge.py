"""nginx's own files say what the service says."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from pathlib import Path

import pytest

from config.body_limit import UPLOAD_PATHS

NGINX = Path(__file__).parents[2] / "nginx"
ANSWERS = re.findall(
    r"location @edge_(\d+) \{.*?return (\d+) '(.*?)';",
    (NGINX / "errors.conf").read_text(),
    re.DOTALL,
)


@pytest.mark.parametrize(("name", "status", "body"), ANSWERS)
def test_nginx_answers_errors_in_the_apis_shape(
    name: str, status: str, body: str
) -> None:
    assert name == status
    answer = json.loads(body)
    kind = "server_error" if int(status) >= 500 else "client_error"
    assert answer["type"] == kind
    assert [set(error) for error in answer["errors"]] == [{"code", "detail", "attr"}]


def test_every_status_that_nginx_makes_has_an_answer() -> None:
    text = (NGINX / "errors.conf").read_text()
    wanted = set(re.findall(r"error_page .*@edge_(\d+);", text))
    assert wanted == {status for _, status, _ in ANSWERS}
    assert wanted >= {
        str(int(status))
        for status in (
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.TOO_MANY_REQUESTS,
            HTTPStatus.BAD_GATEWAY,
            HTTPStatus.GATEWAY_TIMEOUT,
        )
    }


def test_the_edge_and_the_service_agree_on_where_files_go() -> None:
    text = (NGINX / "nginx.conf").read_text()
    [block] = re.findall(r"location ~ \^(\S+)\$ \{[^}]*upload\.conf", text)
    paths = (
        "/api/v1/candle-series/import/",
        "/api/v1/captures/import/",
        "/api/v1/backtests/00000000-0000-4000-8000-000000000000/compare/",
        "/api/v1/strategies/",
        "/api/v1/candle-series/import/x",
    )
    for path in paths:
        ours = UPLOAD_PATHS.fullmatch(path) is not None
        assert (re.fullmatch(block, path) is not None) == ours, path


def test_a_caller_cannot_say_from_where_it_comes() -> None:
    text = (NGINX / "proxy.conf").read_text()
    for header in ("X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Forwarded"):
        assert re.search(
            rf"proxy_set_header {header} (\$remote_addr|\$scheme|\"\");", text
        )
    assert "$proxy_add_x_forwarded_for" not in text
