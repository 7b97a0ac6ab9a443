"""What a backtest or an account was worth: measures of return, risk and trading as pure functions.

`catalogue` describes every measure and imports nothing heavy, so that a web process can
serve it; the other modules compute over numpy arrays and belong in a job. A function
returns None where its measure is undefined: a ratio without a denominator is not zero.
This file stays empty of imports for the catalogue's sake.
"""
