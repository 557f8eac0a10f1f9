"""SMPTE timecodes: hours, minutes, seconds and frames; with `;` and dropped numbers at 29.97 and 59.94 frames a second.

SMPTE ST 12-1: two numbers (four at 59.94) are left out at each minute that is no tenth one, so that a code keeps to
the clock.
"""

from __future__ import annotations


def smpte(frame: int, fps: float) -> str:
    whole = max(1, round(fps))
    drops = whole // 15 if whole in (30, 60) and abs(fps - whole) > 0.01 else 0
    if drops:
        minute, ten = 60 * whole - drops, 600 * whole - 9 * drops
        tens, rest = divmod(frame, ten)
        frame += drops * (9 * tens + max(0, (rest - drops) // minute))
    seconds, frames = divmod(frame, whole)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours:02}:{minutes:02}:{seconds % 60:02}{';' if drops else ':'}{frames:02}"
