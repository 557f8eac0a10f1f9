"""Record `emulator/engine/fixed.json`: real answers of the models engine, for the fixed engine to repeat.

    python benchmarks/emulator_record.py http://127.0.0.1:9324 PHOTO_WITH_A_FACE

The emulator at that URL must run with `--engine models` and an empty data directory.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

import urllib3


def main(url: str, photo: str) -> None:
    pool = urllib3.PoolManager()
    image = {"Bytes": base64.b64encode(Path(photo).read_bytes()).decode()}
    collection = {"CollectionId": "recorded"}
    recorded: dict[str, Any] = {}

    def call(operation: str, **request: Any) -> Any:
        headers = {"X-Amz-Target": f"RekognitionService.{operation}", "Content-Type": "application/x-amz-json-1.1"}
        response = pool.request("POST", url, body=json.dumps(request), headers=headers)
        assert response.status == 200, response.data
        recorded[operation] = response.json()
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
    target = Path(__file__).parent.parent / "emulator" / "engine" / "fixed.json"
    target.write_text(json.dumps(recorded, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:3])
