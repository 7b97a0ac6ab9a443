"""Longer bars made of shorter ones or of trades, exact to the last digit.

Names are imported from their modules, which bring numpy.
"""
