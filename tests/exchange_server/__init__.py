"""A loopback exchange: Binance's spot wire formats, for tests and demonstrations."""
