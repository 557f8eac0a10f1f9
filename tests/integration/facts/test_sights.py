"""What the first line counts, from a job's tables."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from benchmarks.synthetic_job import make_job
from jobs.items import Item
from jobs.outcomes import Outcome
from jobs.status import status_of
from rekscan.console.summary import print_summary
from reports.facts.gallery import Wanted
from reports.facts.headline import headline
from reports.facts.summary import summarize
from reports.review.judged import make_sheet
from reports.tables.build import build_tables
from reports.views.markdown import build_markdown
from reports.views.report import build_report
from reports.views.terminal import lines

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


def test_items_count_once_for_a_sight_that_several_apis_have(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
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
        " text in 1, labels in 2 (Hat 2); 1 file could not be read; 1 failed; 1 file left out as empty or unreadable."
    )
    facts = summarize(other)
    assert headline(facts) == line
    assert line in Path(build_report(other, thumbnails=False).path).read_text()
    assert Path(build_markdown(other)).read_text().replace("\\", "").startswith(line)
    assert headline(summarize(folder)).startswith("8 of 8 pictures answered: people in 4")
    print_summary(other, status_of(other, None))
    ends = capsys.readouterr().out.splitlines()[-5:]
    assert ends[0] == line and ends[-1] == f"Report  {other.where}/reports/report.html"
    assert [end.split()[0] for end in ends[1:]] == ["Calls", "Cost", "Tables", "Report"]


def test_pictures_that_a_cap_left_half_asked_are_answered_in_part_and_the_numbers_fit(tmp_path: Path) -> None:
    """Labels was asked of 0 to 2, faces of 2 and 3; 4 to 7 were not reached."""
    folder = make_job(tmp_path, 8, ("labels", "faces"), missing_shards=(0,))
    asked = [(n, "labels") for n in (0, 1, 2)] + [(n, "faces") for n in (2, 3)]
    found = {"labels": {"Labels": [{"Name": "Person", "Confidence": 90.0}]}, "faces": {"FaceDetails": [{}]}}
    kept = [Outcome(n, api, "ok", response=orjson.dumps(found[api]).decode()) for n, api in asked]
    folder.commit(0, kept, holder="k3f9x2ab0q")
    build_tables(folder, partial="budget")
    assert headline(summarize(folder)) == (
        "4 of 8 pictures answered: people in 4, labels in 3 of 3; 3 of them in part; 4 not reached yet."
    )


def test_a_hostile_name_is_no_markup_in_the_markdown(tmp_path: Path) -> None:
    name = "[a](javascript:1) <img src=x> | `x`\n# ![](y)"
    folder = make_job(tmp_path, 3, answers=lambda item, api: {"Labels": [{"Name": name, "Confidence": 90.0}]})
    text = Path(build_markdown(folder)).read_text()
    assert r"\[a\]\(javascript\:1\) \<img src=x\> \| \`x\`" in text
    assert "\n# " not in text


def searched(item: int, api: str) -> dict[str, Any]:
    """Ada in 0 and 1, the face of an item that was indexed by rekscan in 2, one nobody named in 3, nobody in 4."""
    names = {0: "Ada", 1: "Ada", 2: "s3:3A::::a::b.jpg", 3: None}
    searched = {"SearchedFaceBoundingBox": {"Left": 0.1, "Top": 0.1, "Width": 0.2, "Height": 0.2}}
    if api == "compare-faces":
        return {"FaceMatches": [{"Similarity": 80.0 + item, "Face": {"Confidence": 99.0}}]} if item < 3 else {}
    if item not in names:
        return searched
    face = {"FaceId": f"id-{item}", **({"ExternalImageId": names[item]} if names[item] else {})}
    return {**searched, "FaceMatches": [{"Similarity": 95.0 - item, "Face": face}]}


def test_summaries_of_face_searches_list_names_not_numbers(tmp_path: Path) -> None:
    apis = ("search-faces:collection=people", "compare-faces:source=me.jpg")
    folder = make_job(tmp_path, 5, apis, answers=searched)
    facts = summarize(folder)
    assert headline(facts) == ("5 of 5 pictures answered: known faces in 4, people in 5, the person looked for in 3.")
    who, similar = (found.charts[0] for found in facts.found)
    assert [(bar.label, bar.value) for bar in who.bars] == [("Ada", 2), ("id-3", 1), ("s3://a/b.jpg", 1)]
    assert [(bar.label, bar.value) for bar in similar.bars] == [
        ("IMG_0000002.jpg", 82), ("IMG_0000001.jpg", 81), ("IMG_0000000.jpg", 80),
    ]  # fmt: skip
    shown = "\n".join(lines(facts))
    assert "Ada" in shown and "IMG_0000002.jpg" in shown
    page = Path(build_report(folder, thumbnails=False).path).read_text()
    assert 'data-n="Ada"' in page and "Who was found" in page
    sheet = Path(make_sheet(folder, Wanted("Ada"))).read_text("utf-8-sig")
    assert len(sheet.splitlines()) == 3


def test_the_summary_of_a_job_that_stopped_short_names_files_that_are_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_job(tmp_path, 40, ("labels",), shard_size=20, missing_shards=(1,))
    build_tables(folder, partial="cancelled")
    print_summary(folder, status_of(folder, None))
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Tables")]
    names = line.partition("(")[2].partition(", the same as .parquet")[0].split(", ")
    assert names == ["images.partial.csv", "labels.partial.csv", "failures.partial.csv"]
    assert all(Path(folder.root, "reports", name).is_file() for name in names)
