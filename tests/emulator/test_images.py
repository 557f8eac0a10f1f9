"""What is taken as an image and what AWS refuses, with its codes."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError
from PIL import Image

from rekscan.testing import Emulator
from tests.emulator.conftest import S3Server
from tests.emulator.strict import client
from tests.emulator.types import Photo


def code(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as failure:
        call()
    return str(failure.value.response["Error"]["Code"])


def picture(kind: str = "PNG", size: tuple[int, int] = (200, 120), mode: str = "RGB", **options: Any) -> bytes:
    noise = np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3), np.uint8)
    image = Image.fromarray(noise)
    buffer = io.BytesIO()
    (image.quantize(16) if mode == "P" else image.convert(mode)).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["coffee.webp", "page.tiff", "rocket.gif", "temple.bmp", "dahlia.heic"])
def test_formats_other_than_jpeg_and_png_are_refused_by_content(aws: Any, photo: Photo, name: str) -> None:
    assert code(lambda: aws.detect_faces(Image=photo(name))) == "InvalidImageFormatException"


@pytest.mark.parametrize("name", ["webp-in-disguise.jpg", "broken.jpg", "notes.txt"])
def test_names_and_good_beginnings_do_not_help(aws: Any, photo: Photo, name: str) -> None:
    assert code(lambda: aws.detect_labels(Image=photo(name))) == "InvalidImageFormatException"


@pytest.mark.parametrize("name", ["rotated.jpg", "gray.jpg", "palette.png", "deep.png", "cmyk.jpg", "stairs.png"])
def test_every_kind_of_jpeg_and_png_is_looked_at(aws: Any, photo: Photo, name: str) -> None:
    assert aws.detect_labels(Image=photo(name), MinConfidence=0)["Labels"]


def test_boxes_are_in_the_upright_frame_of_a_rotated_jpeg(aws: Any, photo: Photo) -> None:
    (upright,) = aws.detect_faces(Image=photo("astronaut.jpg"))["FaceDetails"]
    (rotated,) = aws.detect_faces(Image=photo("rotated.jpg"))["FaceDetails"]
    for side in ("Left", "Top", "Width", "Height"):
        assert rotated["BoundingBox"][side] == pytest.approx(upright["BoundingBox"][side], abs=0.02)


def test_the_orientation_of_a_png_is_not_applied(aws: Any, archive: Any) -> None:
    """As AWS: PNG boxes are in the frame as stored."""
    image = Image.open(archive / "people/astronaut.jpg")
    exif = Image.Exif()
    exif[0x0112] = 3
    buffer = io.BytesIO()
    image.save(buffer, "PNG", exif=exif)
    (face,) = aws.detect_faces(Image={"Bytes": buffer.getvalue()})["FaceDetails"]
    assert face["BoundingBox"]["Top"] < 0.4


def test_bytes_may_have_5242880_and_not_one_more(aws: Any) -> None:
    small = picture()
    filled = small + b"\0" * (5_242_880 - len(small))
    assert aws.detect_faces(Image={"Bytes": filled})["FaceDetails"] == []
    assert code(lambda: aws.detect_faces(Image={"Bytes": filled + b"\0"})) == "ValidationException"
    with pytest.raises(ClientError, match="Member must have length less than or equal to 5242880"):
        aws.detect_faces(Image={"Bytes": filled + b"\0"})


def test_protective_equipment_takes_four_megabytes_and_4096_pixels(aws: Any) -> None:
    small = picture()
    filled = {"Bytes": small + b"\0" * (4 * 1024 * 1024 + 1 - len(small))}
    assert code(lambda: aws.detect_protective_equipment(Image=filled)) == "ImageTooLargeException"
    wide = {"Bytes": picture(size=(4097, 100))}
    assert code(lambda: aws.detect_protective_equipment(Image=wide)) == "ImageTooLargeException"
    assert aws.detect_protective_equipment(Image={"Bytes": picture(size=(70, 70))})["Persons"] == []


def test_under_80_pixels_is_an_invalid_parameter(aws: Any, photo: Photo) -> None:
    assert code(lambda: aws.detect_labels(Image=photo("tiny.png"))) == "InvalidParameterException"
    assert code(lambda: aws.detect_faces(Image={"Bytes": picture(size=(79, 200))})) == "InvalidParameterException"
    assert aws.detect_faces(Image={"Bytes": picture(size=(80, 80))})["FaceDetails"] == []


def test_over_10000_pixels_is_too_large_where_aws_says_so(aws: Any) -> None:
    long = {"Bytes": picture("JPEG", size=(10_001, 90))}
    assert code(lambda: aws.detect_labels(Image=long)) == "ImageTooLargeException"
    assert code(lambda: aws.detect_moderation_labels(Image=long)) == "ImageTooLargeException"
    assert aws.detect_faces(Image=long)["FaceDetails"] == []


def test_a_decompression_bomb_is_refused_by_its_header(aws: Any) -> None:
    buffer = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(buffer, "PNG")
    assert code(lambda: aws.detect_faces(Image={"Bytes": buffer.getvalue()})) == "ImageTooLargeException"


def test_an_image_is_given_once(aws: Any, photo: Photo) -> None:
    place = {"Bucket": "archive", "Name": "x.jpg"}
    assert code(lambda: aws.detect_faces(Image={})) == "InvalidParameterException"
    assert code(lambda: aws.detect_faces(Image=photo("cat.jpg") | {"S3Object": place})) == "InvalidParameterException"
    assert code(lambda: aws.detect_faces(Image={"S3Object": {"Bucket": "archive"}})) == "InvalidParameterException"
    assert code(lambda: aws.detect_faces(Image={"Bytes": b""})) == "ValidationException"


def test_an_s3_object_is_fetched_from_the_given_endpoint(aws: Any, s3: S3Server, photo: Photo) -> None:
    key = "2019/été 100% & more.jpg"
    s3.client().put_object(Bucket=s3.bucket, Key=key, Body=photo("astronaut.jpg")["Bytes"])
    place = {"S3Object": {"Bucket": s3.bucket, "Name": key}}
    assert len(aws.detect_faces(Image=place)["FaceDetails"]) == 1
    compared = aws.compare_faces(SourceImage=place, TargetImage=photo("astronaut.jpg"))
    assert compared["FaceMatches"][0]["Similarity"] > 99


def test_a_version_of_an_s3_object_is_the_one_looked_at(aws: Any, s3: S3Server, photo: Photo) -> None:
    store = s3.client()
    store.create_bucket(Bucket="versioned")
    store.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    first = store.put_object(Bucket="versioned", Key="a.jpg", Body=photo("astronaut.jpg")["Bytes"])["VersionId"]
    store.put_object(Bucket="versioned", Key="a.jpg", Body=photo("coffee.jpg")["Bytes"])

    def faces(**version: str) -> int:
        image = {"S3Object": {"Bucket": "versioned", "Name": "a.jpg"} | version}
        return len(aws.detect_faces(Image=image)["FaceDetails"])

    assert faces() == 0
    assert faces(Version=first) == 1


@pytest.mark.parametrize("place", [("archive", "missing.jpg"), ("no-such-bucket", "a.jpg")])
def test_what_s3_refuses_is_one_code(aws: Any, place: tuple[str, str]) -> None:
    image = {"S3Object": {"Bucket": place[0], "Name": place[1]}}
    assert code(lambda: aws.detect_labels(Image=image)) == "InvalidS3ObjectException"


def test_an_s3_object_may_be_three_times_larger_than_bytes(aws: Any, s3: S3Server) -> None:
    small = picture()
    for size, key in ((15_728_640, "full"), (15_728_641, "over")):
        s3.client().put_object(Bucket=s3.bucket, Key=key, Body=small + b"\0" * (size - len(small)))
    assert aws.detect_faces(Image={"S3Object": {"Bucket": s3.bucket, "Name": "full"}})["FaceDetails"] == []
    over = {"S3Object": {"Bucket": s3.bucket, "Name": "over"}}
    assert code(lambda: aws.detect_faces(Image=over)) == "ImageTooLargeException"


def test_without_an_s3_endpoint_no_object_is_fetched(fixed: Emulator, alone: Emulator) -> None:
    assert "AWS_ENDPOINT_URL_S3" not in os.environ
    image = {"S3Object": {"Bucket": "archive", "Name": "a.jpg"}}
    with pytest.raises(ClientError, match="--s3-endpoint-url"):
        client(alone.url).detect_labels(Image=image)
    assert client(fixed.url).detect_labels(Image=image)["Labels"]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_mode_of_png_is_decoded(aws: Any, mode: str) -> None:
    assert aws.detect_faces(Image={"Bytes": picture(mode=mode)})["FaceDetails"] == []


def test_of_an_animation_the_first_picture_is_looked_at(aws: Any) -> None:
    frames = [Image.new("RGB", (100, 100), color) for color in ("red", "blue")]
    for kind in ("PNG", "MPO"):
        buffer = io.BytesIO()
        frames[0].save(buffer, kind, save_all=True, append_images=frames[1:])
        image = {"Bytes": buffer.getvalue()}
        colors = aws.detect_labels(Image=image, Features=["IMAGE_PROPERTIES"])["ImageProperties"]["DominantColors"]
        assert [color["SimplifiedColor"] for color in colors] == ["red"]


@pytest.mark.parametrize("options", [{"progressive": True}, {"subsampling": 0}, {"restart_marker_rows": 1}])
def test_every_make_of_jpeg_is_decoded(aws: Any, options: dict[str, Any]) -> None:
    assert aws.detect_faces(Image={"Bytes": picture("JPEG", **options)})["FaceDetails"] == []


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_put_upright(aws: Any, orientation: int) -> None:
    wide = Image.new("RGB", (400, 200), "black")
    wide.paste("white", (0, 0, 100, 200))
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    wide.save(buffer, "JPEG", exif=exif)
    answer = aws.detect_labels(Image={"Bytes": buffer.getvalue()}, Features=["IMAGE_PROPERTIES"])
    assert answer["ImageProperties"]["DominantColors"][0]["PixelPercent"] == pytest.approx(75, abs=1)
