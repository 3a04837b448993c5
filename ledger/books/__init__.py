"""Append-only books, one a stall: the entries, their legs, the chain and the counts."""

from ledger.books.correct import Group, enter_sale, load_group, mark_not_sale, mark_sale, reverse, sale_legs
from ledger.books.post import Concerned, Draft, Head, Posted, ask_entry_ids, ask_lock, lock, open_books, post

__all__ = [
    "Concerned",
    "Draft",
    "Group",
    "Head",
    "Posted",
    "ask_entry_ids",
    "ask_lock",
    "enter_sale",
    "load_group",
    "lock",
    "mark_not_sale",
    "mark_sale",
    "open_books",
    "post",
    "reverse",
    "sale_legs",
]
