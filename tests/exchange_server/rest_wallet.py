"""What lies around trading: coins, fees, and what a key may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.exchange_server.ledger import Holding
from tests.exchange_server.markets import eight

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.exchange_server.exchange import Exchange
    from tests.exchange_server.ledger import Account

    type Query = dict[str, str]


def coins(exchange: Exchange, account: Account, query: Query) -> object:
    """Answer every coin, and what the account has of it."""
    names = {each.base for each in exchange.markets.values()}
    names |= {each.quote for each in exchange.markets.values()}
    return [_coin(name, account) for name in sorted(names)]


def _coin(name: str, account: Account) -> dict[str, Any]:
    holding = account.holdings.get(name, Holding())
    money = name == "EUR"
    return {
        "coin": name,
        "depositAllEnable": True,
        "withdrawAllEnable": True,
        "name": name,
        "free": eight(holding.free),
        "locked": eight(holding.locked),
        "freeze": "0",
        "withdrawing": "0",
        "ipoing": "0",
        "ipoable": "0",
        "storage": "0",
        "isLegalMoney": money,
        "trading": True,
        "networkList": [
            {
                "network": "FIAT_MONEY" if money else "ETH",
                "coin": name,
                "withdrawIntegerMultiple": "0.00000001",
                "isDefault": True,
                "depositEnable": True,
                "withdrawEnable": True,
                "depositDesc": "",
                "withdrawDesc": "",
                "specialTips": "",
                "name": "",
                "resetAddressStatus": False,
                "addressRegex": "",
                "memoRegex": "",
                "withdrawFee": "0.001",
                "withdrawMin": "0.002",
                "withdrawMax": "9999999999.99999999",
                "minConfirm": 12,
                "unLockConfirm": 0,
            }
        ],
    }


def nothing(exchange: Exchange, account: Account, query: Query) -> object:
    """Answer that there is none: nothing is traded on margin here."""
    return []


def fees(exchange: Exchange, account: Account, query: Query) -> object:
    """Answer what trading costs, on one market or on all."""
    wanted = list(exchange.markets.values())
    if "symbol" in query:
        wanted = [exchange.market(query["symbol"])]
    return [
        {
            "symbol": market.name,
            "makerCommission": str(account.maker_fee),
            "takerCommission": str(account.taker_fee),
        }
        for market in wanted
    ]


def restrictions(exchange: Exchange, account: Account, query: Query) -> object:
    """Answer what the key may do."""
    return {
        "ipRestrict": False,
        "createTime": 1_600_000_000_000,
        "enableReading": True,
        "enableWithdrawals": account.can_withdraw,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": False,
        "permitsUniversalTransfer": False,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
        "enableSpotAndMarginTrading": account.can_trade,
        "enablePortfolioMarginTrading": False,
    }


WALLET: Final[dict[str, Callable[[Exchange, Account, Query], object]]] = {
    "/sapi/v1/capital/config/getall": coins,
    "/sapi/v1/margin/allPairs": nothing,
    "/sapi/v1/margin/isolated/allPairs": nothing,
    "/sapi/v1/asset/tradeFee": fees,
    "/sapi/v1/account/apiRestrictions": restrictions,
}
