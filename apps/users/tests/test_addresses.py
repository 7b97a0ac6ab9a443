"""From where a key may be used."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, strategies as st

from apps.users.addresses import (
    address_allowed,
    address_parse,
    networks_parse,
    networks_within,
)
from apps.users.errors import ApiKeyInvalid

V4 = ["10.0.0.0/8", "192.0.2.7/32"]
V6 = ["2001:db8::/32"]


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("10.0.0.0", True),
        ("10.255.255.255", True),
        ("11.0.0.0", False),
        ("9.255.255.255", False),
        ("192.0.2.7", True),
        ("192.0.2.8", False),
        ("2001:db8::1", True),
        ("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", True),
        ("2001:db9::", False),
        # What a server that listens on both families calls 10.1.2.3.
        ("::ffff:10.1.2.3", True),
        ("::ffff:11.1.2.3", False),
        ("::10.1.2.3", False),
        ("", False),
        ("None", False),
        ("unix:", False),
        ("10.0.0.1, 11.0.0.1", False),
        ("10.0.0.1:443", False),
        ("10.0.0.1\x00", False),
    ],
)
def test_an_address_is_allowed_only_inside_a_network(
    address: str, *, allowed: bool
) -> None:
    assert address_allowed(address, [*V4, *V6]) is allowed


@pytest.mark.parametrize("address", ["192.0.2.1", "::1", "", "garbage"])
def test_without_a_list_every_address_is_allowed(address: str) -> None:
    assert address_allowed(address, [])


@given(st.ip_addresses(), st.data())
def test_every_network_around_an_address_allows_it_and_no_other_half(
    address: object, data: st.DataObject
) -> None:
    whole = ip_address(str(address))
    bits = data.draw(st.integers(1, whole.max_prefixlen))
    around = ip_network(f"{whole}/{bits}", strict=False)
    last = 1 << (whole.max_prefixlen - bits)
    other = type(whole)(int(around.network_address) ^ last)
    parsed = address_parse(str(whole))

    if parsed is not None and parsed.version == whole.version:
        assert address_allowed(str(whole), [str(around)])
    assert not address_allowed(str(whole), [f"{other}/{bits}"])


@given(st.text())
def test_no_text_is_an_address_by_accident(text: str) -> None:
    try:
        ip_address(text)
    except ValueError:
        assert not address_allowed(text, ["0.0.0.0/0", "::/0"])


def test_networks_take_their_one_form_each_once() -> None:
    given_ = ["2001:DB8:0::/32", "192.0.2.7", "10.0.0.0/255.0.0.0", "192.0.2.7/32"]

    assert networks_parse(given_) == [*V4, *V6]


@pytest.mark.parametrize(
    "text",
    [
        *("", "10.0.0.1/8", "10.0.0.0/33", "10.0.0", "localhost", "*", "fe80::1%eth0"),
        *("::ffff:10.0.0.0/104", "10.0.0.0/8/8", "1" * 400, "10.0.0.0/-1", "\x00"),
    ],
)
def test_what_is_no_network_is_refused_by_name(text: str) -> None:
    with pytest.raises(ApiKeyInvalid) as caught:
        networks_parse(["10.0.0.0/8", text])

    assert caught.value.attr == "allowed_addresses"
    assert repr(text) in caught.value.message


@pytest.mark.parametrize(
    ("inner", "outer", "within"),
    [
        ([], [], True),
        (V4, [], True),
        ([], V4, False),
        (V4, V4, True),
        (["10.1.0.0/16"], V4, True),
        (["10.1.0.0/16", "192.0.2.7/32"], V4, True),
        (["10.1.0.0/16", "192.0.2.8/32"], V4, False),
        (["0.0.0.0/0"], V4, False),
        (V6, V4, False),
        (["::/0"], V6, False),
    ],
)
def test_a_list_is_within_another_when_all_of_it_is(
    inner: list[str], outer: list[str], *, within: bool
) -> None:
    assert networks_within(inner, outer) is within
