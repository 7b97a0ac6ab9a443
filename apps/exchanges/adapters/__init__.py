"""Exchange adapters; each is loaded by dotted path and knows none of the others."""
