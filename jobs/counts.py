"""Counts: how much there is to scan, all a price needs to know of a source.

Rule: counting takes constant memory, whatever the source holds; an item without a reason to skip it counts as sent.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jobs.codes import Code
from jobs.items import Item, Kind
from jobs.later import Later

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa, pc = Later("pyarrow"), Later("pyarrow.compute")


@dataclass(slots=True)
class Counts:
    """Items by what becomes of them. `add` each item of a source, or `add_batch` a manifest batch."""

    images: int = 0  # frames of films among them
    frames: int = 0  # of the images: taken out of films
    videos: int = 0
    skipped: dict[str, int] = field(default_factory=dict)  # reason, without its detail ("archived", "unreadable")
    bytes: int = 0  # of what is sent
    s3_images: int = 0  # images in S3: what costs S3 requests
    s3_items: int = 0  # everything listed in S3
    video_ms: int = 0  # length of the videos whose length is known
    video_minutes_up: int = 0  # the same with each video rounded up to whole minutes
    videos_measured: int = 0  # videos whose length is in `video_ms`
    videos_at_cap: int = 0  # of the measured: nothing says their length, so they stand as the longest that AWS takes
    videos_assumed: int = 0  # of the measured: nobody looked at them, so they stand with an average
    videos_here: int = 0  # of the measured: files of this machine, which Rekognition does not read
    staged: int = 0  # videos of this machine that are uploaded for Rekognition
    staged_bytes: int = 0  # of those
    staged_requests: int = 0  # PUT, POST and LIST requests that uploading them takes, at most
    transcoded: int = 0  # videos that are made into H.264 before they are sent
    transcoded_ms: int = 0  # length of those, as far as it is known
    left_out_ms: dict[str, int] = field(default_factory=dict)  # reason -> length of videos looked at and left out
    video_gets: int = 0  # GET requests that looking at videos took
    framed: int = 0  # videos whose frames are in `images`
    framed_ms: int = 0  # their length
    frame_gets: int = 0  # GET requests that reading them for their frames takes at most
    frame_bytes: int = 0  # of S3 that are read for their frames, at most
    near_gets: int = 0  # GET requests that comparing pictures took
    near_bytes: int = 0  # of S3 that were read for it
    near_s: float = 0.0  # seconds it took, with reading and decoding
    either: int = 0  # of the framed: videos that APIs for video take, too
    either_ms: int = 0  # their length
    either_frames: int = 0  # their frames

    def add(self, item: Item, *, video_ms: int | None = None) -> None:
        """Count one item. `video_ms`: a video's length, where it is known."""
        s3 = item.uri.startswith("s3://") and item.kind != "frame"
        self.s3_items += s3
        if item.skip is not None or item.kind == "other":
            reason = _reason(item.skip)
            self.skipped[reason] = self.skipped.get(reason, 0) + 1
            return
        self._add(item.kind, 1, item.size or 0, int(s3))
        if item.kind == "video" and video_ms is not None:
            self.add_video_ms(video_ms)

    def leave_out(self, video: Item, reason: str, ms: int | None) -> None:
        """Count one video that was looked at and cannot be sent; `ms`: its length, where it is known."""
        self.s3_items += video.uri.startswith("s3://")
        self.skipped[reason] = self.skipped.get(reason, 0) + 1
        self.leave_out_ms(reason, ms or 0)

    def leave_out_ms(self, reason: str, ms: int) -> None:
        """The length of a video that is counted as left out elsewhere."""
        self.left_out_ms[reason] = self.left_out_ms.get(reason, 0) + ms

    def add_framed(self, ms: int, frames: int, *, either: bool) -> None:
        """A video of this length that so many frames are taken of; the frames are counted as images elsewhere.
        `either`: APIs for video take it, too."""
        self.framed += 1
        self.framed_ms += ms
        self.either += either
        self.either_ms += ms * either
        self.either_frames += frames * either

    def add_video_ms(self, ms: int) -> None:
        """The length of one video counted before."""
        self.video_ms += ms
        self.video_minutes_up += -(-ms // 60_000)
        self.videos_measured += 1

    def add_staged(self, size: int, requests: int) -> None:
        """One video counted before is uploaded, which takes so many requests."""
        self.staged += 1
        self.staged_bytes += size
        self.staged_requests += requests

    def add_transcoded(self, ms: int) -> None:
        """One video counted before is transcoded."""
        self.transcoded += 1
        self.transcoded_ms += ms

    def add_frames(self, frames: int) -> None:
        """Frames that no item stands for."""
        self.images += frames
        self.frames += frames

    def assume_videos(self, videos: int, ms: int) -> None:
        """Videos counted before, each taken to be so long."""
        self.video_ms += videos * ms
        self.video_minutes_up += videos * -(-ms // 60_000)
        self.videos_measured += videos
        self.videos_assumed += videos

    def add_batch(self, batch: "pa.RecordBatch") -> None:
        """Count a batch of MANIFEST_SCHEMA at once."""
        in_s3 = pc.starts_with(batch.column("uri"), "s3://")
        s3 = pc.and_(in_s3, pc.not_equal(batch.column("kind"), "frame"))
        self.s3_items += pc.sum(s3).as_py() or 0
        skip = pc.fill_null(batch.column("skip"), "")
        table = pa.table({"kind": batch.column("kind"), "skip": skip, "size": batch.column("size"), "s3": s3})
        groups = table.group_by(["kind", "skip", "s3"]).aggregate([("size", "sum"), ("kind", "count")])
        for row in groups.to_pylist():
            if row["skip"] or row["kind"] == "other":
                reason = _reason(row["skip"] or None)
                self.skipped[reason] = self.skipped.get(reason, 0) + row["kind_count"]
            else:
                self._add(row["kind"], row["kind_count"], row["size_sum"] or 0, row["kind_count"] * row["s3"])

    def _add(self, kind: Kind, count: int, size: int, s3: int) -> None:
        self.bytes += size
        if kind == "video":
            self.videos += count
        else:
            self.images += count
            self.frames += count * (kind == "frame")
            self.s3_images += s3


@dataclass(slots=True)
class FilmCalls:
    """Calls of one API on films that need not be paid for, and the length of those films."""

    calls: int = 0
    ms: int = 0
    minutes_up: int = 0  # with each film rounded up to whole minutes

    def add(self, ms: int) -> None:
        self.calls += 1
        self.ms += ms
        self.minutes_up += -(-ms // 60_000)


def _reason(skip: str | None) -> str:
    """A skip reason without its detail, so that a source has a handful of them: `unreadable: [Errno 13] ...`."""
    return (skip or Code.NOT_MEDIA).split(":", 1)[0]
