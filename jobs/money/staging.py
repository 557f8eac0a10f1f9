"""What S3 takes for a film that is staged: requests, and the time it lies there. Pure.

Rule: these are S3's units, priced by its meters (`s3-put`, `s3-storage`); nothing here is on Rekognition's bill.
"""

from decimal import Decimal

from jobs.money.months import FLAT_MONTH, quantity

PART = 16 << 20  # bytes of a part; a film of more is sent in parts
_NOTES = 3  # a note that the film is needed, and two looks at who else needs it
_GB = 1 << 30  # S3's gigabyte
_DAY_S = 86_400


def requests(size: int) -> int:
    """PUT, POST and LIST requests that a film of so many bytes takes at most: S3 has one price for them."""
    parts = -(-size // PART)
    return _NOTES + (1 if parts <= 1 else parts + 2)  # parts are begun and completed


def gb_months(byte_seconds: Decimal) -> Decimal:
    """What S3 bills for so many bytes over so many seconds, in months of 30 days."""
    return quantity(byte_seconds, _GB * _DAY_S * FLAT_MONTH)


def whole_days(seconds: float) -> int:
    """In seconds, and one day at least: how long a plan takes films to lie there."""
    return max(1, -(-int(seconds) // _DAY_S)) * _DAY_S
