"""The outbox: what must not be lost on its way to a client.

An event is written in the transaction of what it tells of, with the next number of its
owner. Numbers have no gaps and are committed in order, so that a reader who knows the last
one it has seen is told all that came after it, once.
"""
