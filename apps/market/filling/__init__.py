"""Ask an exchange for what a series lacks: pages, holes asked for again, and the speed.

Nothing here knows the database. `candles` says what came, in events; the services store
it. Names are imported from their modules: they bring numpy, which a web process does not
need.
"""
