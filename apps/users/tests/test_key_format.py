"""What is a key, and what only looks like one."""

from __future__ import annotations

import time

from hypothesis import given, strategies as st

from apps.users.key_format import key_hash, key_make, key_prefix


def test_a_key_begins_with_its_prefix_and_ends_with_256_random_bits() -> None:
    prefix, text = key_make()

    assert text.startswith(f"{prefix}_")
    assert len(bytes.fromhex(text.removeprefix(f"{prefix}_"))) == 32
    assert key_prefix(text) == prefix


def test_no_two_keys_are_alike() -> None:
    made = [key_make() for _ in range(1000)]

    assert len({prefix for prefix, _ in made}) == 1000
    assert len({text[-64:] for _, text in made}) == 1000


def test_the_hash_is_sha_256_of_the_whole_key() -> None:
    assert key_hash("abc") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


@given(st.text())
def test_garbage_is_no_key(text: str) -> None:
    assert key_prefix(text) is None


@given(
    where=st.integers(0, 84), what=st.characters(exclude_characters="0123456789abcdef")
)
def test_a_key_with_one_odd_character_is_none(where: int, what: str) -> None:
    _, text = key_make()
    odd = f"{text[:where]}{what}{text[where + 1 :]}"

    assert odd == text or key_prefix(odd) is None


@given(before=st.text(), after=st.text())
def test_nothing_may_stand_around_a_key(before: str, after: str) -> None:
    prefix, text = key_make()

    found = key_prefix(f"{before}{text}{after}")

    assert found == (None if before or after else prefix)


def test_digits_of_other_scripts_are_no_digits() -> None:
    _, text = key_make()

    assert key_prefix(f"{text[:-1]}\u0663") is None


def test_a_megabyte_is_refused_at_once() -> None:
    started = time.process_time()

    assert key_prefix(f"plx_{'0' * 1_000_000}") is None
    assert key_prefix("plx_" * 250_000) is None

    assert time.process_time() - started < 1
