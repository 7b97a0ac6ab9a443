"""With what stands in for an exchange, nothing reaches a real host."""

from __future__ import annotations

from urllib.parse import urlsplit

import ccxt
import ccxt.pro
import pytest

from apps.exchanges.adapters.ccxt.client import (
    client_make,
    client_redirect,
    client_settings,
)
from apps.exchanges.adapters.ccxt.endpoints import (
    addresses,
    endpoint_check,
    redirect,
)
from apps.exchanges.config import ExchangeConfig
from apps.exchanges.errors import ExchangeMisconfigured

HERE = "http://127.0.0.1:9"


@pytest.mark.parametrize("exchange", ccxt.exchanges)
def test_no_address_of_another_host_is_left(exchange: str) -> None:
    client = client_make(exchange, ExchangeConfig(endpoint=HERE))
    found = addresses(client.urls) + addresses(client.options)
    assert found or exchange == "simulated"
    assert {urlsplit(each).netloc for each in found} == {"127.0.0.1:9"}
    client.close()


def test_the_streams_of_an_exchange_go_there_as_well() -> None:
    client = ccxt.pro.binance(client_settings("binance", ExchangeConfig(HERE)))
    client_redirect(client, HERE)
    assert client.urls["api"]["ws"]["spot"] == "ws://127.0.0.1:9/ws"
    assert {urlsplit(each).netloc for each in addresses(client.urls)} == {"127.0.0.1:9"}


def test_paths_are_kept_and_a_prefix_goes_before_them() -> None:
    urls = {"api": {"a": "https://api.x.com/v3", "b": ["wss://ws.x.com:9443/stream"]}}
    assert redirect(urls, "https://gate.example/x/") == {
        "api": {
            "a": "https://gate.example/x/v3",
            "b": ["wss://gate.example/x/stream"],
        }
    }
    assert redirect("https://api.{hostname}/v1", HERE) == f"{HERE}/v1"
    assert redirect("api.x.com", HERE) == "api.x.com"


def test_a_call_to_another_host_is_refused() -> None:
    endpoint_check("https://api.x.com/v1", None, exchange="x")
    endpoint_check(f"{HERE}/v1", HERE, exchange="x")
    with pytest.raises(ExchangeMisconfigured, match=r"api\.x\.com"):
        endpoint_check("https://api.x.com/v1", HERE, exchange="x")
    with pytest.raises(ExchangeMisconfigured):
        endpoint_check("http://127.0.0.1:99/v1", HERE, exchange="x")


def test_a_client_refuses_a_host_that_was_built_past_its_addresses() -> None:
    client = client_make("kraken", ExchangeConfig(endpoint=HERE))
    with pytest.raises(ExchangeMisconfigured, match=r"api\.kraken\.com"):
        client.fetch("https://api.kraken.com/0/public/Time")
    client.close()


def test_without_an_endpoint_addresses_stay_as_they_are() -> None:
    client = client_make("kraken", ExchangeConfig())
    assert client.urls == ccxt.kraken().urls
    client.close()


def test_keys_are_in_no_text() -> None:
    config = ExchangeConfig(api_key="k3y", secret="s3cr3t", password="w0rd")  # noqa: S106
    assert not {"k3y", "s3cr3t", "w0rd"} & set(repr(config).replace("'", " ").split())
    assert "3" not in repr(config)
