"""What an exchange's client is built from; a room above takes it from the settings."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ExchangeConfig:
    """How one exchange is reached. Equal ones share a client within a process.

    Attributes:
        endpoint: `http(s)://host` of a gateway or test server that stands in for the
            exchange: no call goes anywhere else. None for the exchange itself.
        timeout_seconds: The longest that one call may take.
        rate_limits: Whether to keep to the rate that the exchange states. A pause that
            the exchange itself demands is always kept.
        redis_url: Where processes share their rate and pauses; None for each its own.
        api_key: For private calls; never printed.
        secret: Likewise.
        password: The third part of the keys of some exchanges.
    """

    endpoint: str | None = None
    timeout_seconds: float = 10.0
    rate_limits: bool = True
    redis_url: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def sending_seconds(self) -> float:
        """How long after an order was asked for something of it may still leave here.

        What left may be on its way for as long as the exchange lets a request be old,
        which Binance is told by `recvWindow`: ten seconds.
        """
        return self.timeout_seconds

    @property
    def write_seconds(self) -> float:
        """How long after an order was asked for the call has usually ended.

        A name server that hangs can make it longer; nothing is sent then.
        """
        return 3 * self.timeout_seconds
