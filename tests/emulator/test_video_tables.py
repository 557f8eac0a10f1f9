"""What the models say of a film, page by page through boto3, in the tables of a job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.synthetic_films import film_item, make_films
from jobs.apis import video_catalogue
from reports.tables.build import build_tables
from reports.tables.load import load_folder
from tests.emulator.test_video_films import Run, films, run
from tests.emulator.test_video_jobs import pages
from tests.emulator.types import Photo

__all__ = ["films", "run"]  # fixtures

ASKED: dict[str, dict[str, Any]] = {
    "video-labels": {},
    "video-moderation": {"MinConfidence": 0},
    "video-faces": {"FaceAttributes": "ALL"},
    "video-face-search": {"CollectionId": ""},
    "video-celebrities": {},
    "video-text": {},
    "video-segments": {"SegmentTypes": ["SHOT", "TECHNICAL_CUE"]},
}


def test_every_api_s_answer_becomes_the_rows_that_its_pages_hold(
    run: Run, aws: Any, films: dict[str, bytes], collection: str, photo: Photo, tmp_path: Path
) -> None:
    aws.index_faces(CollectionId=collection, Image=photo("hopper.jpg"), ExternalImageId="grace")
    answers = {}
    for name, more in ASKED.items():
        kind = video_catalogue()[name].operation.removeprefix("Start")
        job = run(kind, "scenes.mp4", **(more | ({"CollectionId": collection} if "CollectionId" in more else {})))
        answers[name] = pages(aws, f"Get{kind}", job["JobId"], MaxResults=3)
        for page in answers[name]:
            del page["ResponseMetadata"]
    assert max(map(len, answers.values())) > 3

    asked = [f"{name}:collection={collection}" if name == "video-face-search" else name for name in ASKED]
    folder = make_films(tmp_path, [film_item(0, 0.05, "s3://archive/scenes.mp4")], asked, lambda _, api: answers[api])
    build_tables(folder)
    tables = load_folder(folder)
    (film,) = tables.arrow("videos").to_pylist()
    assert (film["status"], film["length_ms"], film["shots"]) == ("ok", 3000, 3)
    assert "Person" in film["top_labels"]
    assert "CITY LIBRARY" in film["text"]
    assert (film["persons"], film["search_best"]) == (1, "grace")
    assert film["faces_at_once"] == 1
    assert tables.arrow("failures").num_rows == 0
    for name, table in (("video-faces", "Faces"), ("video-text", "TextDetections"), ("video-segments", "Segments")):
        found = [one for page in answers[name] for one in page[table]]
        assert tables.arrow(name.replace("-", "_")).num_rows == len(found)
    shots = [row for row in tables.arrow("video_segments").to_pylist() if row["type"] == "SHOT"]
    assert [(row["start_ms"], row["end_ms"], row["start_smpte"]) for row in shots] == [
        (0, 1000, "00:00:00:00"), (1000, 2000, "00:00:01:00"), (2000, 3000, "00:00:02:00"),
    ]  # fmt: skip
