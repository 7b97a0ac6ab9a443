"""Drills: faults are brought about, and an exchange's own ledger says what came of it."""
