"""The process that holds prices fresh: one event loop for all exchanges."""
