"""Where the latest is kept: Redis, or files."""
