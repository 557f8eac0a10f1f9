"""Confidence bands: findings are sampled and judged by them, since how often AWS is right depends on how sure it is."""

EDGES = (0, 60, 75, 90, 97, 100)  # percent


def band_of(confidence: float) -> int:
    """The number of a confidence's band in EDGES."""
    return sum(confidence >= edge for edge in EDGES[1:-1])


def band(confidence: str) -> str:
    """The SQL of a confidence's band: its number in EDGES."""
    cases = " ".join(f"when {confidence} < {edge} then {n}" for n, edge in enumerate(EDGES[1:-1]))
    return f"case {cases} else {len(EDGES) - 2} end"


def band_title(number: int) -> str:
    return f"{EDGES[number]} to {EDGES[number + 1]} %"
