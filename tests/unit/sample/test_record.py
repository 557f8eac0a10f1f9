"""What a job keeps of its sample, also one that an earlier version drew."""

import orjson

from jobs import documents
from jobs.sample.record import Sample, SampleStratum
from reports.facts.values import Whole
from reports.views import of_all

SAMPLE = Sample("10%", 7, 300, 30, shares=True, strata=(SampleStratum("a", 100, 10), SampleStratum("b", 200, 20)))


def test_a_sample_of_an_earlier_version_is_read_and_not_said_to_have_each_folders_share() -> None:
    assert documents.load(Sample, documents.dump(SAMPLE), "it") == SAMPLE
    kept = orjson.loads(documents.dump(SAMPLE))
    del kept["shares"]
    earlier = documents.load(Sample, orjson.dumps(kept), "it")
    assert (earlier.shares, earlier.strata) == (False, SAMPLE.strata)
    assert of_all.drawn(Whole(earlier, ())).endswith("at random (10%, seed 7), weighed by 2 folders or dates.")
    assert "of each folder or date its share" in of_all.drawn(Whole(SAMPLE, ()))
