"""Errors a person can act on. Everything else that escapes is a bug: one line that names its traceback's file."""


class RekscanError(Exception):
    """What happened and what to do about it; the command line prints both and exits with `code`."""

    def __init__(self, what: str, do: str = "", *, code: int = 1) -> None:
        super().__init__(what)
        self.what = what
        self.do = do
        self.code = code


class UsageError(RekscanError):
    """A request that cannot mean anything; exit code 2."""

    def __init__(self, what: str, do: str = "") -> None:
        super().__init__(what, do, code=2)
