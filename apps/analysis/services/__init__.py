"""Every write about backtests.

Asking (`request`), doing (`run`), drawing (`chart`), deleting (`tidy`). Nothing is
imported here: the web process asks and deletes, and must not load what doing needs.
"""
