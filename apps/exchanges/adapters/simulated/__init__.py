"""A synthetic venue: its markets and prices are invented, seeded and repeatable.

Nothing here was ever traded. It serves demonstrations, tests and paper trading without
a network; a result on it says nothing about a real market.
"""
