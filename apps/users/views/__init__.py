"""What can be asked of the users room over HTTP."""
