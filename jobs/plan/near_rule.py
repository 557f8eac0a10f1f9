"""Which pictures look alike: what --near says.

    4              hashes that differ in at most 4 of 64 bits, of pictures of one size in pixels
    4,any-size     the same of any two pictures

Rule: pure.
"""

from dataclasses import dataclass

from jobs.errors import UsageError

MOST = 8  # bits: beyond, pictures that have little in common are near


@dataclass(frozen=True, slots=True)
class Near:
    """`bits`: that may differ. `any_size`: pictures of other sizes in pixels, too, as a thumbnail and what it is of."""

    bits: int
    any_size: bool = False

    @property
    def text(self) -> str:
        """As it is typed."""
        return f"{self.bits},any-size" if self.any_size else str(self.bits)


def near_rule(text: str) -> Near:
    """Raises UsageError for what is none."""
    bits, _, more = (part.strip() for part in text.partition(","))
    if not (bits.isascii() and bits.isdigit() and int(bits) <= MOST and more in ("", "any-size")):
        raise UsageError(
            f"--near {text}: not a distance",
            f"Write --near 4: 0 to {MOST} bits of 64, with `,any-size` behind if wanted.",
        )
    return Near(int(bits), bool(more))
