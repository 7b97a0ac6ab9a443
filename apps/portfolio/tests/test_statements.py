"""Compiled reads and writes give what the ORM would."""

from __future__ import annotations

from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import CharField, Q, UUIDField
from django.db.transaction import TransactionManagementError

from apps.core.outbox.models import OutboxEvent, OutboxHead
from apps.core.outbox.recording import event_record, events_statements
from apps.core.readings import Reading, Slot, readings_run
from apps.core.statements import (
    inserts,
    row_insert,
    rows_insert,
    statements_run,
    update,
    upserts,
)
from apps.portfolio.models import (
    Account,
    PaperBalance,
    PaperFill,
    PaperHead,
    PaperOrder,
)
from apps.portfolio.tests.world import NOW, account_make
from apps.users.models import User

BALANCES = Reading(
    lambda: PaperBalance.objects.filter(
        Q(currency=Slot("one", CharField())) | Q(currency=Slot("other", CharField())),
        account_id=Slot("account", UUIDField()),
    ).order_by("currency")
)
LOCKED = Reading(
    lambda: (
        Account.objects.select_for_update()
        .filter(pk=Slot("account", UUIDField()))
        .order_by()
        .values_list("name")
    )
)


@pytest.fixture
def user(db: None) -> User:
    """Return somebody."""
    return User.objects.create_user(username="u")


@pytest.fixture
def account(user: User) -> Account:
    """Return an account on paper."""
    return account_make(user)


def balance(account: Account, currency: str, free: str) -> PaperBalance:
    """Return a balance that is not written."""
    return PaperBalance(
        account=account, currency=currency, free=Decimal(free), used=Decimal(0)
    )


def order(account: Account, number: int, name: str) -> PaperOrder:
    """Return an order at the paper venue that is not written."""
    return PaperOrder(
        account=account,
        number=number,
        client_order_id=name,
        symbol="BTC/USDT",
        base="BTC",
        quote="USDT",
        side="buy",
        kind="limit",
        quantity=Decimal("0.000000000000000001"),
        price=Decimal("123456789012345678.123456789012345678"),
        time_in_force="GTC",
        state="open",
        placed_at=NOW,
        active_at=NOW,
        changed_at=NOW,
    )


@pytest.mark.django_db
def test_a_compiled_read_gives_the_models_of_the_values_it_is_given(
    account: Account, user: User
) -> None:
    """It is compiled once, and reads for other values each time."""
    other = account_make(user, name="other")
    for one, currency in ((account, "BTC"), (account, "USDT"), (other, "BTC")):
        balance(one, currency, "1.5").save()
    for one, wanted in ((account, ["BTC", "USDT"]), (other, ["BTC"])):
        found = BALANCES.objects(account=one.pk, one="BTC", other="USDT")
        same = PaperBalance.objects.filter(account=one).order_by("currency")
        assert found == list(same)
        assert [row.currency for row in found] == wanted
        assert [row.free for row in found] == [Decimal("1.5")] * len(wanted)
        assert not any(row._state.adding for row in found)
    assert BALANCES.objects(account=uuid4(), one="BTC", other="USDT") == []


@pytest.mark.django_db
def test_a_compiled_read_is_told_every_value(account: Account) -> None:
    """A slot without a value is no statement."""
    with pytest.raises(KeyError, match="other"):
        BALANCES.rows(account=account.pk, one="BTC")


@pytest.mark.django_db(transaction=True)
def test_rows_are_locked_in_a_transaction_alone(account: Account) -> None:
    """Where rows can be locked, a lock that ended at once would protect nothing."""
    with transaction.atomic():
        assert LOCKED.rows(account=account.pk) == [[account.name]]
    if connection.features.has_select_for_update:
        with pytest.raises(TransactionManagementError):
            LOCKED.rows(account=account.pk)


@pytest.mark.django_db
def test_rows_come_back_as_they_were_inserted(account: Account) -> None:
    """Every digit, time and empty field, as the ORM reads them."""
    one = order(account, 1, "one")
    assert row_insert(one)
    fill = PaperFill(
        account=account,
        order=one,
        number=1,
        symbol="BTC/USDT",
        side="buy",
        price=Decimal("0.1"),
        quantity=Decimal("1E-18"),
        fee=Decimal("-0.000000000000000001"),
        fee_currency="BTC",
        maker=False,
        at=NOW,
    )
    rows_insert(
        fill, PaperHead(account=account, last_order=1), balance(account, "B", "0")
    )
    found = PaperOrder.objects.get(pk=one.pk)
    for field in PaperOrder._meta.concrete_fields:
        name = field.attname
        assert getattr(found, name) == getattr(one, name), name
    read = PaperFill.objects.get(order=one)
    assert (read.price, read.quantity, read.fee) == (
        fill.price,
        fill.quantity,
        fill.fee,
    )
    assert (read.maker, read.at) == (False, NOW)
    assert PaperHead.objects.get(account=account).last_order == 1
    assert PaperBalance.objects.get(account=account).free == 0


@pytest.mark.django_db
def test_a_row_may_name_one_that_is_inserted_after_it_was_made(
    account: Account,
) -> None:
    """The key is taken over, and what it names stays known without a query."""
    one = order(account, 1, "one")
    fill = PaperFill(
        account=account,
        order=one,
        number=1,
        symbol="BTC/USDT",
        side="buy",
        price=Decimal(1),
        quantity=Decimal(1),
        fee=Decimal(0),
        fee_currency="BTC",
        maker=True,
        at=NOW,
    )
    row_insert(one)
    rows_insert(fill)
    assert fill.order_id == one.pk
    assert fill.order is one


@pytest.mark.django_db
def test_a_row_that_is_there_once_is_not_inserted_again(account: Account) -> None:
    """The transaction goes on; another constraint is an error all the same."""
    once = ("account", "client_order_id")
    assert row_insert(order(account, 1, "one"), once=once)
    again = order(account, 2, "one")
    assert not row_insert(again, once=once)
    assert again._state.adding
    assert PaperOrder.objects.count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        row_insert(order(account, 1, "two"), once=once)


@pytest.mark.django_db
def test_an_upsert_changes_what_is_there_and_inserts_the_rest(account: Account) -> None:
    """Only the fields that are named are changed."""
    rows_insert(balance(account, "BTC", "1"))
    held = PaperBalance.objects.get(currency="BTC")
    held.free, held.used = Decimal(5), Decimal(7)
    by = ("account", "currency")
    statements_run(
        upserts([held, balance(account, "USDT", "3")], unique=by, update=("free",))
    )
    rows = PaperBalance.objects.order_by("currency")
    assert list(rows.values_list("currency", "free", "used")) == [
        ("BTC", Decimal(5), Decimal(0)),
        ("USDT", Decimal(3), Decimal(0)),
    ]
    assert rows[0].pk == held.pk


@pytest.mark.django_db
def test_an_update_writes_the_fields_named_of_one_row(account: Account) -> None:
    """What is not named stays; a row that is not there is an error."""
    rows_insert(balance(account, "BTC", "1"), balance(account, "USDT", "2"))
    held = PaperBalance.objects.get(currency="BTC")
    held.free, held.used = Decimal("1.25"), Decimal(9)
    statements_run(update(held, "free"))
    rows = PaperBalance.objects.order_by("currency").values_list("free", "used")
    assert list(rows) == [(Decimal("1.25"), Decimal(0)), (Decimal(2), Decimal(0))]
    PaperBalance.objects.all().delete()
    held.pk = 0
    with (
        pytest.raises(DatabaseError, match="0 rows instead of 1"),
        transaction.atomic(),
    ):
        statements_run(update(held, "free"))


@pytest.mark.django_db
def test_the_second_of_several_statements_may_fail_them_all(account: Account) -> None:
    """What was written before it is undone with the transaction."""
    row = balance(account, "BTC", "1")
    with pytest.raises(IntegrityError), transaction.atomic():
        rows_insert(PaperHead(account=account), row, balance(account, "BTC", "2"))
    assert not PaperHead.objects.exists()
    assert not PaperBalance.objects.exists()


@pytest.mark.django_db
def test_many_rows_are_inserted_some_at_a_time(user: User) -> None:
    """A statement takes only so many values; percent signs are no placeholders."""
    rows = [
        OutboxEvent(
            owner=user, sequence=n, topic="a", name="%s", body='{"%":"%s; \'"}', at=NOW
        )
        for n in range(60)
    ]
    assert len(list(inserts(*rows))) == 3
    rows_insert(*rows)
    found = OutboxEvent.objects.order_by("sequence")
    assert [one.sequence for one in found] == list(range(60))
    assert {(one.name, one.body) for one in found} == {("%s", '{"%":"%s; \'"}')}


@pytest.mark.django_db(transaction=True)
def test_several_reads_see_what_the_statement_before_them_did(account: Account) -> None:
    PaperBalance.objects.create(account=account, currency="USDT", free=1, used=0)
    row = PaperBalance(
        account=account, currency="BTC", free=Decimal(2), used=Decimal(0)
    )
    (new,) = inserts(row)
    asked = {"account": account.pk, "one": "USDT", "other": "BTC"}
    with transaction.atomic():
        names, found = readings_run(
            (LOCKED, {"account": account.pk}), (BALANCES, asked), first=new
        )
    assert names == [[account.name]]
    assert [one.currency for one in BALANCES.made(found)] == ["BTC", "USDT"]
    assert BALANCES.made(found) == BALANCES.objects(**asked)
    if connection.features.has_select_for_update:
        with pytest.raises(TransactionManagementError):
            readings_run((BALANCES, asked), (LOCKED, {"account": account.pk}))


@pytest.mark.django_db(transaction=True)
def test_nothing_is_read_where_the_statement_that_locks_found_no_row(
    account: Account,
) -> None:
    """A row that somebody else makes right after it is there, and locked by nobody."""
    PaperBalance.objects.create(account=account, currency="USDT", free=1, used=0)
    row = PaperBalance(
        account=account, currency="BTC", free=Decimal(2), used=Decimal(0)
    )
    row.pk = 0
    asked = {"account": account.pk, "one": "USDT", "other": "BTC"}
    with transaction.atomic():
        none = readings_run(
            (LOCKED, {"account": account.pk}),
            (BALANCES, asked),
            first=update(row, "free"),
        )
        assert none == [[], []]
        assert len(BALANCES.rows(**asked)) == 1


def test_events_of_a_batch_have_the_next_numbers_in_order(
    account: Account, user: User
) -> None:
    events: list[tuple[str, str, dict[str, int]]]
    events = [("orders", f"step {number}", {"at": number}) for number in range(61)]
    row = PaperBalance(
        account=account, currency="BTC", free=Decimal(2), used=Decimal(0)
    )
    with transaction.atomic():
        event_record(owner=user.pk, topic="jobs", name="first", body={}, now=NOW)
        statements_run(*inserts(row))
        statements_run(*events_statements(owner=user.pk, events=events, now=NOW))
    kept = OutboxEvent.objects.filter(owner=user).order_by("sequence")
    names = [(one.sequence, one.name, one.at) for one in kept]
    assert names == [
        (1, "first", NOW),
        *((number + 2, f"step {number}", NOW) for number in range(61)),
    ]
    assert OutboxHead.objects.get(owner=user).last == len(names)


def test_text_of_any_signs_is_kept_as_it_is(account: Account) -> None:
    rows = [
        PaperBalance(account=account, currency=name, free=Decimal(1), used=Decimal(0))
        for name in ("A%s", "B'; --", "C\\")
    ]
    with transaction.atomic():
        statements_run(*(each for one in rows for each in inserts(one)))
    kept = PaperBalance.objects.filter(account=account).order_by("currency")
    assert [one.currency for one in kept] == [one.currency for one in rows]


@pytest.mark.django_db(transaction=True)
def test_several_statements_need_a_transaction(account: Account) -> None:
    """Else some would be run, and some not."""
    with pytest.raises(TransactionManagementError):
        rows_insert(balance(account, "BTC", "1"))
    assert not PaperBalance.objects.exists()
