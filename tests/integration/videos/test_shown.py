"""What jobs on films have shown, in Redis."""

from redis import Redis

from workers.videos.looks import KEPT, Ended, Looks
from workers.videos.shown import Shown


def test_what_one_worker_has_seen_another_learns_and_it_is_kept_for_a_day_of_some_jobs(redis: "Redis[bytes]") -> None:
    one, other = (Shown(redis, "123456789012", "us-east-1", "StartLabelDetection") for _ in range(2))
    seen, learns = (Looks(15, 20, 20) for _ in range(2))
    assert other.all() == []
    for number in range(KEPT + 5):
        one.tell(seen.ended(600 + number / 4, 99.5, 100.5))
    assert other.all()[-1] == Ended(600 + (KEPT + 4) / 4, 99.5, 100.5)
    assert len(other.all()) == KEPT
    learns.learn(other.all())
    assert learns.expected(600) == seen.expected(600) is not None
    [name] = redis.keys("*:shown:*")
    assert 0 < redis.ttl(name) <= 24 * 3600
    assert Shown(redis, "123456789012", "us-east-1", "StartFaceDetection").all() == []
