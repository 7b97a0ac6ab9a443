"""Every exchange that ccxt knows, behind the exchange ports."""
