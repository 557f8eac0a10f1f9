"""NextToken: opaque to clients, signed by nothing, refused when it does not decode."""

from __future__ import annotations

import base64

from emulator.errors import AwsError


def token(last: str) -> str:
    return base64.urlsafe_b64encode(f"after:{last}".encode()).decode()


def after(given: str | None) -> str:
    """What the page before ended with; empty for the first page."""
    if not given:
        return ""
    try:
        text = base64.b64decode(given, altchars=b"-_", validate=True).decode("utf-8")
    except ValueError:  # no base64, no UTF-8, no ASCII
        text = ""
    if not text.startswith("after:"):
        raise AwsError("InvalidPaginationTokenException", "The pagination token is not valid.")
    return text.removeprefix("after:")
