"""What this package raises: `QrError`, and under it one class for each direction."""


class QrError(ValueError):
    """The base of everything the package raises about its input."""


class FieldError(QrError):
    """A value asked to be written (or looked up) is refused. `field` is the name of the argument it came in.

    >>> str(FieldError("amount", "must be a whole number of đồng"))
    'amount: must be a whole number of đồng'
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class PayloadError(QrError):
    """A payload being read is no valid EMV payload, or breaks a rule that must not be guessed around.

    `code` is one of `CODES`; `offset` counts characters from the start of the payload to the place of the fault.
    """

    CODES = (
        "empty",
        "not_emv",
        "truncated",
        "bad_length",
        "duplicate",
        "missing",
        "bad_crc",
        "bad_value",
        "too_long",
        "trailing_data",
    )

    def __init__(self, code: str, message: str, offset: int) -> None:
        super().__init__(f"{code} at character {offset}: {message}")
        self.code = code
        self.message = message
        self.offset = offset


class PictureError(QrError):
    """A picture cannot be made so that it reads back, or a file is not a picture that may be opened."""
