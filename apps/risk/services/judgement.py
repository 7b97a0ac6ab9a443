"""Reading what an order is judged by, and judging it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings

from apps.core.exact import WIDE, exact, plain
from apps.portfolio.enums import AccountMode
from apps.risk.judging.amounts import exposures_after, scope_amount_rules
from apps.risk.judging.facts import (
    ACCOUNT,
    USER,
    ZERO,
    Facts,
    ScopeFacts,
    price_fresh,
)
from apps.risk.judging.needs import needs_of
from apps.risk.judging.orders import order_rules, scope_order_rules
from apps.risk.judging.pricing import BUY, SELL, needed_price, order_price
from apps.risk.limit_set import DEFAULT_CURRENCY, limits_read
from apps.risk.selectors.correlated import correlations_known
from apps.risk.selectors.exposure import Book
from apps.risk.selectors.locks import locked_why
from apps.risk.selectors.prices import quotes_of
from apps.risk.services.calling import NOTHING_CALLED
from apps.risk.services.worth import ASKED, prices_ask, worth_read

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from apps.portfolio.models import Account
    from apps.risk.contracts import OrderDraft, RuleResult
    from apps.risk.judging.needs import Needs
    from apps.risk.judging.pricing import Quote
    from apps.risk.limit_set import LimitSet
    from apps.risk.models import RiskScope
    from apps.risk.services.calling import Called

_MINUTE = timedelta(seconds=60)
ANY_AGE = Decimal("Infinity")


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules said of an order.

    Attributes:
        facts: What they judged by.
        rules: All of them, those that failed first.
    """

    facts: Facts
    rules: tuple[RuleResult, ...]

    @property
    def allowed(self) -> bool:
        """Return whether every rule passed."""
        return all(one.passed for one in self.rules)


def order_judge(
    *,
    account: Account,
    draft: OrderDraft,
    user_scope: RiskScope,
    account_scope: RiskScope,
    called: Called = NOTHING_CALLED,
    now: datetime,
) -> Judged:
    """Judge an order by everything that is known, in the caller's transaction.

    Args:
        account: Who would trade.
        draft: The order.
        user_scope: The user's row, locked where the answer has to hold.
        account_scope: The account's row, likewise.
        called: What the account's guards call for, whether it is written yet or not.
        now: The moment, UTC.

    Raises:
        LiveUnavailable: Where the latest prices are kept does not answer.
    """
    facts = _facts(account, draft, user_scope, account_scope, called, now)
    rules = list(order_rules(facts))
    for scope in facts.scopes:
        rules += scope_order_rules(facts, scope)
        rules += scope_amount_rules(facts, scope)
    return Judged(facts, tuple(sorted(rules, key=lambda one: one.passed)))


def order_told(judged: Judged) -> dict[str, Any]:
    """Return an order as it was judged, for its verdict."""
    facts, draft = judged.facts, judged.facts.draft
    own = facts.scopes[0]
    notional = notional_of(judged)
    amounts = {
        "quantity": draft.quantity,
        "price": draft.price,
        "stop_price": draft.stop_price,
        "stop_loss": draft.stop_loss,
        "target": draft.target,
        "valued_at": facts.price,
        "notional": notional,
        "adds": facts.adds,
    }
    return {
        "symbol": draft.symbol,
        "side": draft.side,
        "kind": draft.kind,
        "reduce_only": draft.reduce_only,
        "currency": own.currency,
        **{name: None if one is None else plain(one) for name, one in amounts.items()},
    }


def notional_of(judged: Judged) -> Decimal | None:
    """Return what an order is worth in the account's currency; None where unknown."""
    facts = judged.facts
    rate = facts.scopes[0].rate
    if facts.price is None or rate is None:
        return None
    value = WIDE.multiply(facts.draft.quantity, facts.price)
    return amount_or_none(lambda: exact(WIDE.multiply(value, rate)))


def amount_or_none(make: Callable[[], Decimal | None]) -> Decimal | None:
    """Return an amount; None where it would be more than an amount can be."""
    try:
        return make()
    except OverflowError:
        return None


def _facts(
    account: Account,
    draft: OrderDraft,
    user_scope: RiskScope,
    account_scope: RiskScope,
    called: Called,
    now: datetime,
) -> Facts:
    own, wide = limits_read(account_scope.rules), limits_read(user_scope.rules)
    own_needs, wide_needs = needs_of(own), needs_of(wide)
    # Reservations before positions and balances: see the gate.
    book = Book(account, wide=wide_needs.book, minute=_minute(own, wide, now))
    balances = book.balances
    if own_needs.exposure or wide_needs.exposure:
        book.positions_read()
    most_age = _most_age(own, wide)
    wanted = {(account, draft.symbol)}
    wanted |= book.priced(account, every=own_needs.every_symbol)
    if wide_needs.exposure:
        wanted |= book.priced(None, every=wide_needs.every_symbol, symbol=draft.symbol)
    quotes = quotes_of(wanted=wanted, now=now)
    quote = quotes.get((account.pk, draft.symbol))
    covered = book.free(account, draft.base, balances.get(draft.base, ZERO))
    spends = draft.quote if draft.side == BUY else draft.base
    adds, symbol = _adds(draft, covered), draft.symbol
    margin, fresh = _margin(own, wide), price_fresh(quote, most_age)
    value = partial(order_price, draft, quote, margin, known=fresh or adds > 0)
    facts = Facts(
        draft=draft,
        now=now,
        quote=quote,
        price=amount_or_none(value),
        adds=adds,
        covered=covered,
        free=book.free(account, spends, balances.get(spends, ZERO)),
        needed=amount_or_none(lambda: _needed(draft, quote)),
        spends=spends,
        locked=locked_why(account, account_scope, symbol=symbol, now=now)
        or called.why(symbol),
        scopes=(),
        max_age_seconds=most_age,
        # On paper what trades at once is filled at our price, and at no old one.
        let_out=account.mode == AccountMode.LIVE.value or draft.kind != "market",
    )
    reader = _ScopeReader(account, book, quotes, facts)
    scopes = [reader.read(ACCOUNT, own, own_needs, account_scope)]
    if wide.body() or user_scope.state != "active":
        scopes.append(reader.read(USER, wide, wide_needs, user_scope))
    facts.scopes = tuple(scopes)
    return facts


@dataclass(frozen=True, slots=True)
class _ScopeReader:
    account: Account
    book: Book
    quotes: dict[Any, Quote]
    facts: Facts

    def read(
        self, scope: str, limits: LimitSet, needs: Needs, row: RiskScope
    ) -> ScopeFacts:
        """Return the facts of one scope, as far as its limits need them."""
        facts, now = self.facts, self.facts.now
        own = scope == ACCOUNT
        only = self.account if own else None
        currency = self.account.currency if own else limits.currency or DEFAULT_CURRENCY
        read = ScopeFacts(
            scope=scope,
            limits=limits,
            currency=currency,
            state=row.state,
            reason=row.reason,
            open_orders=self.book.count(only),
            last_minute=self.book.minute_own if own else self.book.minute_all,
        )
        adding = not facts.reduces
        if own or needs.amounts:
            valued = self.book.valued(
                only,
                into=currency,
                quotes=self.quotes,
                # What reduces is let out, whatever is known of prices.
                most_age=facts.max_age_seconds if adding else ANY_AGE,
                also=(self.account, facts.draft.quote),
                exposure=needs.exposure and adding,
                symbol=None if needs.every_symbol else facts.draft.symbol,
                now=now,
            )
            read.rate, read.exposures, read.why = valued
            if read.why:
                self._ask(read, only, every=needs.every_symbol)
        if needs.worth and adding:
            accounts: Sequence[Account] = (
                (self.account,) if own else self.book.accounts_read(now=now)
            )
            read.worth = worth_read(
                accounts=accounts, currency=currency, past=needs.past, now=now
            )
        if limits.max_correlated_exposure is not None and adding:
            after = exposures_after(facts, read)
            if after is not None:
                read.correlations = correlations_known(
                    account=self.account, symbols=after, now=now
                )
        return read

    def _ask(self, read: ScopeFacts, only: Account | None, *, every: bool) -> None:
        """Have the prices held fresh that were missing, for the next time."""
        draft, now = self.facts.draft, self.facts.now
        asked = {(self.account, draft.symbol)}
        asked |= self.book.priced(only, every=every, symbol=draft.symbol)
        for account, symbol in asked:
            base, _, rest = symbol.partition("/")
            quote = rest.partition(":")[0]
            prices_ask(account=account, currencies=[base], into=quote, now=now)
            prices_ask(account=account, currencies=[quote], into=read.currency, now=now)
        read.why += ASKED


def _minute(own: LimitSet, wide: LimitSet, now: datetime) -> datetime | None:
    limited = own.max_orders_per_minute or wide.max_orders_per_minute
    return now - _MINUTE if limited else None


def _most_age(own: LimitSet, wide: LimitSet) -> Decimal:
    told = [
        one.max_price_age_seconds
        for one in (own, wide)
        if one.max_price_age_seconds is not None
    ]
    return min(told, default=Decimal(str(settings.LIVE_STALE_SECONDS)))


def _margin(own: LimitSet, wide: LimitSet) -> Decimal | None:
    told = [one.price_collar for one in (own, wide) if one.price_collar is not None]
    return min(told, default=None)


def _adds(draft: OrderDraft, covered: Decimal) -> Decimal:
    if draft.side == SELL:
        return max(WIDE.subtract(draft.quantity, max(covered, ZERO)), ZERO)
    return draft.quantity


def _needed(draft: OrderDraft, quote: Quote | None) -> Decimal | None:
    if draft.side == SELL:
        return draft.quantity
    price = needed_price(draft, quote)
    return None if price is None else exact(WIDE.multiply(draft.quantity, price))
