"""A venue of paper: what would have happened to an order, by the prices there were.

Pure functions: an order and what was seen of a market in, executions out. Who keeps
orders and money, and where prices come from, is not known here.
"""
