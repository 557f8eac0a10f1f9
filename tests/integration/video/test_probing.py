"""Many films at once."""

import threading
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from jobs.codes import Code
from jobs.items import Item
from jobs.video.film import Probed
from jobs.video.probe import Prober
from jobs.video.probing import ProbeTally, probe_all
from tests.support.films import far_apart, film, second

GOOD = second()
HEVC = film(codec="libx265", **{"x265-params": "log-level=none"})
ENDLESS = film(frames=60, flags="frag_keyframe+empty_moov+default_base_moof+skip_trailer", g="1")


class Watched(Prober):
    """A prober that sees how many look at once, and holds them until `wanted` do."""

    def __init__(self, wanted: int) -> None:
        super().__init__(lambda: None)
        self.most = self._now = 0
        self._guard = threading.Lock()
        self._together = threading.Barrier(wanted)

    def probe(self, item: Item) -> Probed:
        with self._guard:
            self._now += 1
            self.most = max(self.most, self._now)
        self._together.wait(60)
        with self._guard:
            self._now -= 1
        return super().probe(item)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(40):
        (tmp_path / f"{number}.mp4").write_bytes(HEVC if number % 10 == 9 else GOOD)
    (tmp_path / "39.mp4").unlink()
    return tmp_path


def items(folder: Path) -> Iterator[Item]:
    return (Item(number, str(folder / f"{number}.mp4"), "video") for number in range(40))


def test_each_item_comes_out_once_with_what_it_is(folder: Path) -> None:
    tally = ProbeTally()
    found = list(probe_all(Prober(lambda: None), items(folder), tally=tally))
    assert sorted(number for number, _ in found) == list(range(40))
    by_number = dict(found)
    assert by_number[0].skip is None
    reason = f"{Code.UNSUPPORTED_CODEC}: hevc"
    assert [by_number[n].skip and by_number[n].skip.reason for n in (9, 19, 29, 39)] == [*[reason] * 3, Code.UNREADABLE]
    assert (tally.films, tally.sent, tally.length, tally.unknown) == (40, 36, 36_000, 0)
    assert tally.skipped == {reason: 3, Code.UNREADABLE: 1}
    assert tally.left_out[reason] == 3000
    assert tally.reads.count == 39
    assert tally.unseen == 0


def test_as_many_at_once_as_asked_for_and_no_more(folder: Path) -> None:
    prober = Watched(8)
    assert len(list(probe_all(prober, items(folder), in_flight=8))) == 40
    assert prober.most == 8


def test_a_listing_of_any_length_is_taken_as_it_is_needed(folder: Path) -> None:
    taken = 0

    def endless() -> Iterator[Item]:
        nonlocal taken
        while True:
            taken += 1
            yield Item(taken, str(folder / "0.mp4"), "video")

    found = probe_all(Prober(lambda: None), endless(), in_flight=4)
    assert [found.__next__() for _ in range(20)]
    assert taken <= 20 + 4
    found.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("probe")]


def test_a_listing_that_fails_ends_it(folder: Path) -> None:
    def failing() -> Iterator[Item]:
        yield from items(folder)
        raise OSError("the share is gone")

    with pytest.raises(OSError, match="the share is gone"):
        list(probe_all(Prober(lambda: None), failing(), in_flight=4))


def test_no_items_no_films() -> None:
    tally = ProbeTally()
    assert list(probe_all(Prober(lambda: None), [], tally=tally)) == []
    assert tally.films == 0


def test_films_of_unknown_length_and_those_nobody_could_see_are_counted_apart(tmp_path: Path) -> None:
    session = boto3.session.Session(aws_access_key_id="a", aws_secret_access_key="b")
    once = Config(retries={"total_max_attempts": 1})
    nobody = session.client("s3", endpoint_url="http://127.0.0.1:9", region_name="us-east-1", config=once)
    (tmp_path / "endless.mp4").write_bytes(far_apart(ENDLESS))
    films = [Item(0, str(tmp_path / "endless.mp4"), "video"), Item(1, "s3://archive/film.mp4", "video")]
    tally = ProbeTally()
    assert len(list(probe_all(Prober(lambda: nobody), films, tally=tally))) == 2
    assert (tally.sent, tally.length, tally.unknown, tally.unseen) == (1, 0, 1, 1)
    assert tally.skipped == {Code.UNREADABLE: 1}
