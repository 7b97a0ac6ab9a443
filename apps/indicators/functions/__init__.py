"""The indicators themselves, one function each, by category.

What holds for all of them: series are float64 arrays of shape (n,), oldest first, without
NaN, and at least one bar longer than the indicator's warm-up; the result has the same
shape, NaN during the warm-up and finite after it; a value depends on its own bar and
earlier ones only; inputs are never written to. Parameters come by keyword and have been
checked by the catalogue, which also names each formula's source and each output's unit.
`apps.indicators.compute` guards all of this and is what other rooms call.
"""
