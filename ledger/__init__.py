"""Money: notices from banks (`inbox`) and the append-only books (`books`).

Knows opaque ids only (market, channel, book): never stalls, people or the web.
"""
