"""The rules, each a function of what was read: no database, no clock."""
