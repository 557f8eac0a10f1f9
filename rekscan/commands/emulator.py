"""`rekscan emulator`: the bundled endpoint; everything about it lives in the `emulator` package."""

from emulator.cli import emulator

__all__ = ["emulator"]
