"""The ledger under anything that can happen: money is conserved, to the last unit.

What positions should be is worked out a second time here, in another way: with fractions,
from the whole list of fills at once.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings, strategies as st

from apps.core.exact import negative, plus, times
from apps.portfolio.models import LedgerBalance, LedgerEntry, LedgerTransaction
from apps.portfolio.selectors.ledger import balances_of, positions_of
from apps.portfolio.services.checking import ledger_check
from apps.portfolio.services.posting import (
    adjustment_post,
    deposit_post,
    fill_post,
    funding_post,
    transfer_post,
    withdrawal_post,
)
from apps.portfolio.services.rebuild import ledger_rebuild
from apps.portfolio.tests.world import NOW, account_make

if TYPE_CHECKING:
    from apps.portfolio.models import Account, Position

pytestmark = pytest.mark.django_db
UNIT = Fraction(1, 10**18)
MARKETS = {
    "BTC/USDT": ("BTC", "USDT"),
    "ETH/USDT": ("ETH", "USDT"),
    "ETH/BTC": ("ETH", "BTC"),
}


def amounts(most: int, places: int) -> st.SearchStrategy[Decimal]:
    units = st.integers(min_value=1, max_value=most * 10**places)
    return units.map(lambda one: Decimal(one).scaleb(-places))


FILLS = st.fixed_dictionaries(
    {
        "what": st.just("fill"),
        "symbol": st.sampled_from(sorted(MARKETS)),
        "side": st.sampled_from(["buy", "sell"]),
        # Whole numbers meet, and close a position exactly; fine ones round.
        "quantity": st.one_of(amounts(5, 0), amounts(5, 3), amounts(5, 18)),
        "price": st.one_of(amounts(100, 0), amounts(70_000, 18)),
        "fee": st.one_of(
            st.just(Decimal(0)),
            amounts(1, 3),
            amounts(1, 18),
            amounts(1, 18).map(negative),
        ),
        "paid_in": st.sampled_from(["base", "quote", "BNB"]),
        "minutes": st.integers(min_value=-600, max_value=600),
    }
)
FLOWS = st.fixed_dictionaries(
    {
        "what": st.sampled_from(
            ["deposit", "withdrawal", "adjustment", "funding", "transfer", "doubled"]
        ),
        "currency": st.sampled_from(["USDT", "BTC", "BNB"]),
        "amount": amounts(1_000, 18),
        "minutes": st.integers(min_value=-600, max_value=600),
    }
)
POSTS = {
    "deposit": deposit_post,
    "withdrawal": withdrawal_post,
    "adjustment": adjustment_post,
    "funding": funding_post,
}


def happen(account: Account, other: Account, number: int, event: dict[str, Any]) -> Any:
    """Return what writes an event; it may be called again."""
    told: dict[str, Any] = {
        "at": NOW + timedelta(minutes=event["minutes"]),
        "now": NOW + timedelta(seconds=number),
        "cause_id": str(number),
    }
    if event["what"] == "fill":
        base, quote = MARKETS[event["symbol"]]
        paid_in = {"base": base, "quote": quote}.get(event["paid_in"], "BNB")
        named = {one: event[one] for one in ("symbol", "side", "quantity", "price")}
        named |= {"fee": event["fee"], "fee_currency": paid_in}
        return lambda: fill_post(
            account=account, base=base, quote=quote, **named, **told
        )
    told |= {"cause": "test", "currency": event["currency"], "amount": event["amount"]}
    if event["what"] == "transfer":
        return lambda: transfer_post(source=account, target=other, **told)
    return lambda: POSTS[event["what"]](account=account, **told)


class Redone:
    """A position worked out from its fills, with fractions."""

    def __init__(self, symbol: str, fills: list[dict[str, Any]]) -> None:
        self.base, self.quote = MARKETS[symbol]
        self.cash = self.fees = Fraction(0)
        self.other: dict[str, Fraction] = defaultdict(Fraction)
        moves: list[tuple[Fraction, Fraction]] = []
        for one in fills:
            sign = 1 if one["side"] == "buy" else -1
            size, price = Fraction(one["quantity"]), Fraction(one["price"])
            fee = Fraction(one["fee"])
            # What was really paid is rounded to a unit, as the venue's books are.
            self.cash -= sign * Fraction(times(one["quantity"], one["price"]))
            moved = sign * size
            if one["paid_in"] == "base":
                moved -= fee
                self.fees += fee * price
            elif one["paid_in"] == "quote":
                self.fees += fee
            else:
                self.other["BNB"] += fee
            moves.append((moved, price))
        self.quantity = sum((size for size, _ in moves), Fraction(0))
        self.average, self.cost = self._averaged(moves)
        self.fifo, self.open_cost = self._matched(moves)

    @staticmethod
    def _averaged(moves: list[tuple[Fraction, Fraction]]) -> tuple[Fraction, Fraction]:
        held = mean = made = Fraction(0)
        for size, price in moves:
            closing = min(abs(size), abs(held)) if size * held < 0 else Fraction(0)
            sign = 1 if held > 0 else -1
            made += sign * closing * (price - mean)
            if closing and closing == abs(held):
                mean = price
            elif not closing and held + size:
                mean = (held * mean + size * price) / (held + size)
            held += size
        return made, held * mean if held else Fraction(0)

    @staticmethod
    def _matched(moves: list[tuple[Fraction, Fraction]]) -> tuple[Fraction, Fraction]:
        """Match each unit of one side with the earliest that is open of the other."""
        open_lots: list[list[Fraction]] = []
        made = Fraction(0)
        for size, price in moves:
            left = size
            while left and open_lots and open_lots[0][0] * left < 0:
                lot = open_lots[0]
                matched = min(abs(lot[0]), abs(left))
                sign = 1 if lot[0] > 0 else -1
                made += sign * matched * (price - lot[1])
                lot[0] -= sign * matched
                left += sign * matched
                if not lot[0]:
                    open_lots.pop(0)
            if left:
                open_lots.append([left, price])
        return made, sum((size * price for size, price in open_lots), Fraction(0))


def check_position(position: Position, fills: list[dict[str, Any]]) -> None:
    right = Redone(position.symbol, fills)
    # Each of its fills may round by half a unit, several times over.
    near = UNIT * 4 * len(fills)
    assert Fraction(position.quantity) == right.quantity
    for have, want in (
        (position.cost, right.cost),
        (position.realised_average, right.average),
        (position.realised_fifo, right.fifo),
    ):
        assert abs(Fraction(have) - want) <= near, (have, want)
    lots = list(position.lots.all())
    assert sum(Fraction(lot.quantity) for lot in lots) == right.quantity
    value = sum((Fraction(times(lot.quantity, lot.price)) for lot in lots), Fraction(0))
    assert abs(value - right.open_cost) <= near
    # These hold to the last unit, whatever was rounded.
    fees = sum(
        (Fraction(one["fee"]) for one in fills if one["paid_in"] == "quote"),
        Fraction(0),
    )
    in_base = Fraction(position.fees) - fees
    assert abs(Fraction(position.fees) - right.fees) <= near
    cash = right.cash + in_base
    assert Fraction(position.realised_average) == cash + Fraction(position.cost)
    assert Fraction(position.realised_fifo) == cash + value
    others = {name: Fraction(text) for name, text in position.fees_other.items()}
    assert others == {name: paid for name, paid in right.other.items() if paid}


def check_assets(account: Account, events: list[dict[str, Any]]) -> None:
    """What is held is what came in from outside, plus what trading and fees moved."""
    want: dict[str, Fraction] = defaultdict(Fraction)
    signs = {"withdrawal": -1, "transfer": -1}
    for one in events:
        if one["what"] != "fill":
            sign = signs.get(one["what"], 1)
            want[one["currency"]] += sign * Fraction(one["amount"])
            continue
        sign = 1 if one["side"] == "buy" else -1
        base, quote = MARKETS[one["symbol"]]
        paid_in = {"base": base, "quote": quote}.get(one["paid_in"], "BNB")
        want[base] += sign * Fraction(one["quantity"])
        want[quote] -= sign * Fraction(times(one["quantity"], one["price"]))
        want[paid_in] -= Fraction(one["fee"])
    have = {name: Fraction(held) for name, held in balances_of(account).items()}
    assert have == {name: held for name, held in want.items() if held}


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(events=st.lists(st.one_of(FILLS, FILLS, FLOWS), min_size=1, max_size=14))
def test_money_is_conserved_whatever_happens(events: list[dict[str, Any]]) -> None:
    with transaction.atomic():
        account = account_make()
        other = account_make(owner=account.owner)
        done: list[dict[str, Any]] = []
        again: Any = None
        for number, event in enumerate(events):
            if event["what"] != "doubled":
                again = happen(account, other, number, event)
                done.append(event)
            if again is not None:
                again()
        fills: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for one in done:
            if one["what"] == "fill":
                fills[one["symbol"]].append(one)
        positions = positions_of(account)
        assert {one.symbol for one in positions} == fills.keys()
        for position in positions:
            check_position(position, fills[position.symbol])
        check_assets(account, done)
        # Ether is only ever bought and sold: what is held of it is its positions.
        ether = [one.quantity for one in positions if one.base == "ETH"]
        assert plus(*ether) == balances_of(account).get("ETH", Decimal(0))
        for each in (account, other):
            sums: dict[str, Fraction] = defaultdict(Fraction)
            for row in LedgerBalance.objects.filter(account=each):
                sums[row.currency] += Fraction(row.amount)
            assert not any(sums.values())
            checked = ledger_check(account=each)
            assert checked.findings == ()
            rows = LedgerTransaction.objects.filter(account=each)
            assert checked.transactions == rows.count()
            entries = LedgerEntry.objects.filter(account=each)
            assert checked.entries == entries.count()
            assert ledger_rebuild(account=each, write=False).differences == ()
        transaction.set_rollback(True)
