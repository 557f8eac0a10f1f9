"""Record `emulator/engine/fixed.json`: real answers of the models engine, for the fixed engine to repeat.

    python -m benchmarks.emulator.record http://127.0.0.1:9324 PHOTO_WITH_A_FACE [--to FILE]

The emulator at that URL must run with `--engine models`, `--custom-model toy/v1=person`, `--model-seconds 0` and an
empty data directory.
"""

from __future__ import annotations

import argparse
import base64
import json
from pathlib import Path
from typing import Any

import urllib3

FIXED = Path(__file__).parents[2] / "emulator" / "engine" / "fixed.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("photo", type=Path)
    parser.add_argument("--to", type=Path, default=FIXED)
    given = parser.parse_args()
    given.to.write_text(json.dumps(record(given.url, given.photo), indent=1) + "\n")


def record(url: str, photo: Path) -> dict[str, Any]:
    """By operation, its answer on the photo."""
    pool = urllib3.PoolManager()
    image = {"Bytes": base64.b64encode(photo.read_bytes()).decode()}
    collection = {"CollectionId": "recorded"}
    recorded: dict[str, Any] = {}

    def ask(operation: str, **request: Any) -> Any:
        headers = {"X-Amz-Target": f"RekognitionService.{operation}", "Content-Type": "application/x-amz-json-1.1"}
        response = pool.request("POST", url, body=json.dumps(request), headers=headers)
        assert response.status == 200, response.data
        return response.json()

    def call(operation: str, **request: Any) -> Any:
        recorded[operation] = ask(operation, **request)
        return recorded[operation]

    call("DetectLabels", Image=image, Features=["GENERAL_LABELS", "IMAGE_PROPERTIES"])
    call("DetectFaces", Image=image, Attributes=["ALL"])
    for operation in ("DetectModerationLabels", "DetectText", "RecognizeCelebrities", "DetectProtectiveEquipment"):
        call(operation, Image=image)
    call("CompareFaces", SourceImage=image, TargetImage=image)
    call("CreateCollection", **collection)
    face = call("IndexFaces", Image=image, ExternalImageId="someone", **collection)["FaceRecords"][0]["Face"]["FaceId"]
    call("DescribeCollection", **collection)
    call("ListCollections")
    call("ListFaces", **collection)
    call("SearchFaces", FaceId=face, **collection)
    call("SearchFacesByImage", Image=image, **collection)
    call("DeleteFaces", FaceIds=[face], **collection)
    call("DeleteCollection", **collection)
    project = ask("DescribeProjects")["ProjectDescriptions"][0]["ProjectArn"]
    version = ask("DescribeProjectVersions", ProjectArn=project)["ProjectVersionDescriptions"][0]["ProjectVersionArn"]
    ask("StartProjectVersion", ProjectVersionArn=version, MinInferenceUnits=1)
    call("DetectCustomLabels", ProjectVersionArn=version, Image=image)
    ask("StopProjectVersion", ProjectVersionArn=version)
    return recorded


if __name__ == "__main__":
    main()
