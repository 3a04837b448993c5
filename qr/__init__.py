"""VietQR payloads and their pictures; knows no web, no database and none of the other packages.

`vietqr` writes and reads payloads, over `napas` (the rules of VietQR), `emv` (those of every scheme) and `tlv` (the
objects). `banks` finds a BIN by any name, `text` folds Vietnamese, `schemes` names wallets. `image`, `card` and `sign`
draw, `scan` reads photos. What they raise is in `errors`. The guide is docs/qr.md.
"""
