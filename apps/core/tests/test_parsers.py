"""Bodies that are read, and those that are not."""

from __future__ import annotations

import io

import pytest
from rest_framework.exceptions import ParseError

from apps.core.parsers import BoundedJSONParser


def parsed(text: str) -> object:
    return BoundedJSONParser().parse(io.BytesIO(text.encode()), parser_context={})


def test_json_is_read() -> None:
    assert parsed('{"name": "SMA"}') == {"name": "SMA"}


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000])
def test_json_that_is_nested_without_end_is_the_callers_error(text: str) -> None:
    with pytest.raises(ParseError, match="nested too deeply"):
        parsed(text)


@pytest.mark.parametrize("text", ["{", "NaN", '{"a": Infinity}', "9" * 5_000])
def test_what_is_not_json_is_the_callers_error(text: str) -> None:
    with pytest.raises(ParseError):
        parsed(text)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"fees": "0.001", "fees": "0"}', "'fees' is given twice"),
        (b'{"a": NaN}', "NaN is no number"),
        (b'{"a": ', "not JSON"),
        (b"\xff\xfe", "not JSON"),
    ],
)
def test_a_body_that_could_be_read_in_two_ways_is_refused(
    body: bytes, words: str
) -> None:
    with pytest.raises(ParseError, match=words):
        BoundedJSONParser().parse(io.BytesIO(body))
