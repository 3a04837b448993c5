"""Append-only books, one a stall: the entries, their legs, the chain and the counts."""
