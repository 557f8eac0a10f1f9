"""What people said about findings: precision per name and confidence band, a threshold, an allow-list.

Rule: pure. Counts come with 95 % intervals (`jobs.intervals`), because a sample of five says little.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.errors import UsageError
from jobs.intervals import Stratum, share_at_least, wilson
from jobs.words import short
from reports.bands import EDGES, band_of
from reports.review.cells import Row, rows
from reports.spreadsheet_safe import undefuse

COLUMNS = ("item_id", "uri", "api", "name", "confidence", "left", "top", "width", "height", "verdict", "note", "job")
TARGET = 0.9
_NEEDED = {"api", "name", "confidence", "verdict"}
_YES = {"y", "yes", "true", "1", "ok", "correct", "right", "x", "+"}
_NO = {"n", "no", "false", "0", "wrong", "incorrect", "-", "'-"}
_UNSURE = {"?", "unsure", "maybe", "skip"}

Group = tuple[str, str, int]  # api, name, band


@dataclass(frozen=True, slots=True)
class Verdict:
    """One finding a person has looked at. `right` is None where they could not tell."""

    api: str
    name: str
    confidence: float
    right: bool | None

    @property
    def band(self) -> int:
        return band_of(self.confidence)


@dataclass(frozen=True, slots=True)
class Precision:
    """How many of the reviewed findings were right, of how many there are."""

    reviewed: int
    right: int
    findings: int  # in the tables

    @property
    def share(self) -> float | None:
        return self.right / self.reviewed if self.reviewed else None

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval; (0, 1) without a review."""
        found = wilson(self.right, self.reviewed)
        return found.low, found.high

    def to_json(self) -> dict[str, Any]:
        low, high = self.interval
        return {
            "reviewed": self.reviewed,
            "right": self.right,
            "findings": self.findings,
            "precision": self.share,
            "interval": [low, high] if self.reviewed else None,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Precision":
        return cls(document["reviewed"], document["right"], document["findings"])


@dataclass(frozen=True, slots=True)
class NameReview:
    api: str
    name: str
    all: Precision
    bands: tuple[Precision, ...]
    threshold: int | None  # lowest confidence from which it is right often enough; None: none found


@dataclass(frozen=True, slots=True)
class Review:
    """The whole of a review."""

    target: float
    names: tuple[NameReview, ...]
    bands: tuple[Precision, ...]
    threshold: int | None
    unsure: int
    unreviewed: int  # findings of the reviewed names and bands nobody has looked at

    @property
    def all(self) -> Precision:
        return _sum(self.bands)

    @property
    def allowed(self) -> tuple[str, ...]:
        """Names that are right often enough from some confidence on, and have been looked at enough to say so."""
        return tuple(dict.fromkeys(one.name for one in self.names if one.threshold is not None))

    def to_json(self) -> dict[str, Any]:
        """As `rekscan review --json` prints it."""
        return {
            "target": self.target,
            "threshold": self.threshold,
            "allowed": list(self.allowed),
            "unsure": self.unsure,
            "unreviewed": self.unreviewed,
            "all": self.all.to_json(),
            "bands": [{"from": EDGES[n], "to": EDGES[n + 1], **band.to_json()} for n, band in enumerate(self.bands)],
            "names": [
                {"api": one.api, "name": one.name, "threshold": one.threshold, **one.all.to_json(),
                 "bands": [band.to_json() for band in one.bands]}
                for one in self.names
            ],
        }  # fmt: skip

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Review":
        names = tuple(
            NameReview(
                one["api"], one["name"], Precision.from_json(one),
                tuple(Precision.from_json(band) for band in one["bands"]), one["threshold"],
            )
            for one in document["names"]
        )  # fmt: skip
        bands = tuple(Precision.from_json(band) for band in document["bands"])
        return cls(document["target"], names, bands, document["threshold"], document["unsure"], document["unreviewed"])


def read_verdicts(data: bytes, job: str | None = None) -> list[Verdict]:
    """The filled-in rows of a review.csv, as it was or as a spreadsheet saved it (`reports.review.cells`).

    Raises UsageError that names the line when it is no such file, a verdict cannot be understood, or the sheet is of
    another job than `job`.
    """
    found = []
    for line, row in rows(data):
        if missing := _NEEDED - set(row):
            what = f"this is no review.csv: it has no column {min(missing)!r}"
            raise UsageError(what, "`rekscan report --format review` writes one.")
        if job is not None and (of := row.get("job", "").strip()) not in ("", job):
            raise UsageError(
                f"line {line}: this sheet is of job {of}, not of {job}", f"`rekscan review {of} FILE` takes it."
            )
        if (verdict := _verdict(row, line)) is not None:
            found.append(verdict)
    return found


def review(verdicts: Iterable[Verdict], findings: Mapping[Group, int], target: float = TARGET) -> Review:
    """Verdicts and the number of findings there are per group -> the review."""
    said = list(verdicts)
    right: dict[Group, int] = {}
    seen: dict[Group, int] = {}
    for one in said:
        if one.right is not None:
            group = (one.api, one.name, one.band)
            seen[group] = seen.get(group, 0) + 1
            right[group] = right.get(group, 0) + one.right
    counts = {g: Precision(seen[g], right[g], max(findings.get(g, 0), seen[g])) for g in seen}
    empty = {
        g: Precision(0, 0, n) for g, n in findings.items() if g not in counts and (g[0], g[1]) in {h[:2] for h in seen}
    }
    known = {**counts, **empty}
    names = [_name(api, name, known, target) for api, name in sorted({group[:2] for group in seen})]
    bands = tuple(_sum(p for g, p in known.items() if g[2] == band) for band in range(len(EDGES) - 1))
    return Review(
        target=target,
        names=tuple(sorted(names, key=lambda one: (-(one.all.interval[0]), one.name))),
        bands=bands,
        threshold=threshold(bands, target),
        unsure=sum(one.right is None for one in said),
        unreviewed=sum(precision.findings - precision.reviewed for precision in known.values()),
    )


def threshold(bands: Sequence[Precision], target: float) -> int | None:
    """The lowest confidence from which findings are right in `target` of cases, with 97.5 % certainty; None: no such.

    Bands are weighed by the findings they have, since a review looks at as many of the rare as of the common ones.
    """
    for start in range(len(bands)):
        above = [band for band in bands[start:] if band.findings]
        if above and all(band.reviewed for band in above) and _at_least(above) >= target:
            return EDGES[start]
    return None


def _at_least(bands: Sequence[Precision]) -> float:
    return share_at_least(Stratum(band.right, band.reviewed, band.findings) for band in bands)


def _name(api: str, name: str, counts: Mapping[Group, Precision], target: float) -> NameReview:
    bands = tuple(counts.get((api, name, band), Precision(0, 0, 0)) for band in range(len(EDGES) - 1))
    return NameReview(api, name, _sum(bands), bands, threshold(bands, target))


def _sum(several: Iterable[Precision]) -> Precision:
    parts = list(several)
    return Precision(sum(p.reviewed for p in parts), sum(p.right for p in parts), sum(p.findings for p in parts))


def _verdict(row: Row, line: int) -> Verdict | None:
    """A row's verdict, None where nobody has filled it in."""
    said = row["verdict"].strip().lower()
    if not said:
        return None
    if said not in _YES | _NO | _UNSURE:
        raise UsageError(
            f"line {line}: {short(said, 40)!r} is no verdict", "Write yes, no or ? (cannot tell), or leave it empty."
        )
    try:
        confidence = float((row["confidence"] or "100").replace(",", "."))
        if not 0 <= confidence <= 100:
            raise ValueError(confidence)
    except ValueError:
        raise UsageError(f"line {line}: {row['confidence']!r} is no confidence", "Restore that column.") from None
    right = None if said in _UNSURE else said in _YES
    return Verdict(row["api"], undefuse(row["name"]), confidence, right)
