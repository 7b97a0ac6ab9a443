"""What can be asked of the market room over HTTP."""
