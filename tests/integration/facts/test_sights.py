"""What the first line counts, from a job's tables."""

from pathlib import Path
from typing import Any

import orjson

from benchmarks.synthetic_job import make_job
from jobs.items import Item
from jobs.outcomes import Outcome
from reports.facts.headline import headline
from reports.facts.summary import summarize
from reports.views.markdown import build_markdown
from reports.views.report import build_report

APIS = ("labels", "faces", "celebrities", "protective-equipment", "moderation", "text", "properties")


def answers(item: int, api: str) -> dict[str, Any]:
    """A person by labels in 0 and 1, by a face in 1 and 2, by equipment in 3; text in 0; nothing unsafe."""
    found: dict[str, dict[int, dict[str, Any]]] = {
        "labels": {n: {"Labels": [{"Name": name, "Confidence": 90.0} for name in ("Person", "Hat")]} for n in (0, 1)},
        "faces": {n: {"FaceDetails": [{"Confidence": 99.0}]} for n in (1, 2)},
        "celebrities": {2: {"CelebrityFaces": [{"Name": "Ada", "MatchConfidence": 99.0}]}},
        "protective-equipment": {3: {"Persons": [{"Id": 0, "Confidence": 99.0}]}},
        "text": {0: {"TextDetections": [{"Type": "LINE", "DetectedText": "EXIT", "Confidence": 99.0, "Id": 0}]}},
    }
    return found.get(api, {}).get(item, {})


def test_items_count_once_for_a_sight_that_several_apis_have(tmp_path: Path) -> None:
    items = [Item(n, f"s3://a/{n}.jpg", "image", 1) for n in range(8)]
    items += [Item(8, "s3://a/.x", "other", 1, skip="hidden"), Item(9, "s3://a/y.jpg", "image", 1, skip="unreadable")]
    folder = make_job(tmp_path, items, APIS, answers=answers)
    broken = [Outcome(6, api, "skipped", "truncated", "the file ends early") for api in APIS]
    refused = [Outcome(7, api, "failed", "ImageTooLargeException", "too large") for api in APIS]
    kept = [Outcome(n, api, "ok", response=orjson.dumps(answers(n, api)).decode()) for n in range(6) for api in APIS]
    other = make_job(tmp_path, items, APIS, answers=answers, job="20261123-090000-cafe", missing_shards=(0,))
    other.commit(0, [*kept, *broken, *refused])
    line = (
        "6 of 8 pictures answered: people in 4, celebrities in 1, no protective equipment, nothing flagged as unsafe,"
        " text in 1, labels in 2 (Hat 2); 2 files could not be read; 1 failed."
    )
    facts = summarize(other)
    assert headline(facts) == line
    assert line in Path(build_report(other, thumbnails=False).path).read_text()
    assert Path(build_markdown(other)).read_text().replace("\\", "").startswith(line)
    assert headline(summarize(folder)).startswith("8 of 8 pictures answered: people in 4")


def test_a_hostile_name_is_no_markup_in_the_markdown(tmp_path: Path) -> None:
    name = "[a](javascript:1) <img src=x> | `x`\n# ![](y)"
    folder = make_job(tmp_path, 3, answers=lambda item, api: {"Labels": [{"Name": name, "Confidence": 90.0}]})
    text = Path(build_markdown(folder)).read_text()
    assert r"\[a\]\(javascript\:1\) \<img src=x\> \| \`x\`" in text
    assert "\n# " not in text
