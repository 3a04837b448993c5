"""Stalls, their bank accounts and references, and what is theirs: payments and takings. Knows no web."""
