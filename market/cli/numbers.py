"""The numbers of entries, notices, channels and versions, as people type them."""

import click

_LARGEST = 2**63 - 1


class _Number(click.ParamType[int]):
    name = "number"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value)
        if not (text.isascii() and text.isdigit() and 0 < int(text[:20]) <= _LARGEST and len(text) < 20):
            self.fail(f"{text[:40]!r} is no number; write 1 or more, in digits", param, ctx)
        return int(text)


NUMBER = _Number()
