"""Entity tags: what a client has, and whether it is still so."""

from __future__ import annotations

import pytest

from apps.core.etags import etag_matches, etag_of, etags_parse


def test_a_tag_can_be_sent_back_as_it_was_given() -> None:
    assert etags_parse(etag_of("abc")) == frozenset({"abc"})
    assert etag_matches(etag_of("abc"), etag_of("abc"))


def test_a_tag_is_quoted_as_http_has_it() -> None:
    assert etag_of("abc") == '"abc"'


@pytest.mark.parametrize("header", [None, "*", " * "])
def test_whoever_does_not_care_names_no_content(header: str | None) -> None:
    assert etags_parse(header) is None


@pytest.mark.parametrize("header", ['"abc"', 'W/"abc"', ' "abc" '])
def test_a_tag_may_have_passed_a_proxy_that_weakened_it(header: str) -> None:
    assert etags_parse(header) == frozenset({"abc"})


@pytest.mark.parametrize(
    "header", ['"abc"', 'W/"abc"', '"x", "abc"', '"x",W/"abc"', "*"]
)
def test_one_tag_of_several_is_enough(header: str) -> None:
    assert etag_matches(header, '"abc"')


@pytest.mark.parametrize("header", [None, "", '"x"', "abc", '"ab", "c"', '"ABC"'])
def test_other_tags_do_not_match(header: str | None) -> None:
    assert not etag_matches(header, '"abc"')


def test_several_tags_are_told_apart() -> None:
    assert etags_parse('"abc", W/"def"') == frozenset({"abc", "def"})
