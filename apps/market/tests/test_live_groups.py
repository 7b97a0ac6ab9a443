"""Which subscriptions begin and end when other symbols are wanted."""

from __future__ import annotations

from hypothesis import given, strategies as st

from apps.market.live.groups import MOST_GROUPS, groups_change

SYMBOLS = st.lists(
    st.sampled_from([f"{one}/USDT" for one in "ABCDEFGHIJ"]), unique=True
)


@given(st.lists(SYMBOLS, max_size=30), st.booleans())
def test_what_is_wanted_is_followed_by_few_groups(
    wishes: list[list[str]],
    one_each: bool,  # noqa: FBT001
) -> None:
    running: list[tuple[str, ...]] = []
    for wanted in wishes:
        end, begin = groups_change(running, wanted, one_each=one_each)
        assert set(end) <= set(running)
        running = [group for group in running if group not in end] + begin
        followed = [symbol for group in running for symbol in group]
        assert len(followed) == len(set(followed))
        assert set(wanted) <= set(followed)
        if one_each:
            assert sorted(followed) == sorted(wanted)
        else:
            assert len(running) <= MOST_GROUPS
        # The same again changes nothing.
        assert groups_change(running, wanted, one_each=one_each) == ([], [])


def test_a_new_symbol_leaves_the_others_alone() -> None:
    running = [("A/B", "C/D")]
    assert groups_change(running, ["A/B", "E/F"], one_each=False) == ([], [("E/F",)])
