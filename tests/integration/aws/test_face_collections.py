"""Face collections from end to end: made, filled, searched, priced and deleted, against the emulator over HTTP."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from PIL import Image, ImageEnhance, ImageOps

from jobs.apis import Choice, Request, catalogue, parse
from jobs.aws import clients, face_collections
from jobs.aws.access import Aws
from jobs.aws.clients import method_name
from jobs.errors import RekscanError
from jobs.items import Item
from rekscan.commands.face_collections import app
from tests.support.places import ROOT
from tests.support.waiting import until

ASTRONAUT = (ROOT / "tests" / "support" / "astronaut.jpg").read_bytes()
ITEM = Item(0, "s3://photos/2019/Åre trip/IMG 0042.jpg", "image")


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An emulator with real models, which lets five collections a second be described, as AWS does."""
    ready = tmp_path_factory.mktemp("emulator") / "url"
    command = ["-m", "emulator", "--port", "0", "--workers", "1", "--ready-file", str(ready)]
    process = subprocess.Popen([sys.executable, *command, "--quota", "DescribeCollection=5"])
    try:
        until(lambda: ready.exists() or process.poll() is not None, "the emulator answers or stops")
        assert process.poll() is None, "the emulator stopped"
        yield ready.read_text().strip()
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def rekognition(endpoint: str) -> Any:
    made = clients.rekognition(Aws(region="us-east-1", rekognition_url=endpoint))
    for name in list(face_collections.names(made)):
        face_collections.delete(made, name)
    return made


def ask(rekognition: Any, choice: Choice, image: bytes, **params: Any) -> dict[str, Any]:
    """The answer a worker would keep: AWS's own, or the one its error stands for."""
    choice = Choice(choice.api, {**choice.params, **params})
    arguments = Request((choice,)).arguments({"Bytes": image}, ITEM)
    try:
        answer: dict[str, Any] = getattr(rekognition, method_name(choice.api.operation))(**arguments)
    except ClientError as error:
        details = error.response["Error"]
        meant = choice.api.answer_for_error(details["Code"], details["Message"])
        if meant is None:
            raise
        return meant
    return answer


def table(choice: Choice, answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(zip(choice.api.schema.names, row, strict=True)) for row in choice.api.rows(answer)]


def picture(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80)
    return out.getvalue()


def another_photo() -> bytes:
    """The same person: mirrored, brighter and smaller."""
    image = Image.open(io.BytesIO(ASTRONAUT))
    return picture(ImageEnhance.Brightness(ImageOps.mirror(image)).enhance(1.2).resize((300, 300)))


def nobody() -> bytes:
    return picture(Image.new("RGB", (200, 200), "seagreen"))


def test_a_collection_is_made_where_asked_and_missed_where_not(rekognition: Any) -> None:
    with pytest.raises(RekscanError, match="there is no face collection 'people'"):
        face_collections.make_ready(rekognition, parse(["index-faces:collection=people"]))
    making = parse(["index-faces:collection=people,create=true", "search-faces:collection=people"])
    face_collections.make_ready(rekognition, making)
    face_collections.make_ready(rekognition, making)  # a second job finds it there
    assert list(face_collections.names(rekognition)) == ["people"]


def test_a_person_indexed_from_one_photo_is_found_in_another(rekognition: Any) -> None:
    index, search = parse(["index-faces:collection=people,create=true", "search-faces:collection=people"])
    face_collections.make_ready(rekognition, [index, search])

    (stored,) = table(index, ask(rekognition, index, ASTRONAUT))
    assert stored["indexed"] is True and stored["face_id"]

    found = table(search, ask(rekognition, search, another_photo()))
    assert [(row["match_uri"], row["face_id"]) for row in found] == [(ITEM.uri, stored["face_id"])]
    assert found[0]["similarity"] >= 80


def test_indexing_an_item_again_stores_no_face_twice(rekognition: Any) -> None:
    (index,) = parse(["index-faces:collection=people,create=true"])
    face_collections.make_ready(rekognition, [index])
    ask(rekognition, index, ASTRONAUT)
    ask(rekognition, index, ASTRONAUT)
    assert face_collections.describe(rekognition, "people").faces == 1


def test_one_source_is_compared_with_the_archive(rekognition: Any) -> None:
    (compare,) = parse(["compare-faces:source=me.jpg"])
    (row,) = table(compare, ask(rekognition, compare, another_photo(), source=ASTRONAUT))
    assert row["matched"] is True and row["similarity"] >= 80


def test_an_image_without_a_face_is_an_answer_with_no_rows(rekognition: Any) -> None:
    index, search = parse(["index-faces:collection=people,create=true", "search-faces:collection=people"])
    (compare,) = parse(["compare-faces:source=me.jpg"])
    face_collections.make_ready(rekognition, [index])
    for choice in (index, search, compare):
        answer = ask(rekognition, choice, nobody(), **({"source": ASTRONAUT} if choice is compare else {}))
        assert table(choice, answer) == []


def test_custom_labels_are_refused_in_aws_s_own_words(rekognition: Any) -> None:
    api = catalogue()["custom-labels"]
    with pytest.raises(ClientError) as refused:
        ask(rekognition, Choice(api, dict(api.golden_params or {})), ASTRONAUT)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_describing_more_collections_than_the_quota_allows_waits_and_succeeds(rekognition: Any) -> None:
    for number in range(12):
        rekognition.create_collection(CollectionId=f"c{number:02}")
    found = [face_collections.describe(rekognition, name) for name in face_collections.names(rekognition)]
    assert [one.name for one in found] == [f"c{number:02}" for number in range(12)]


def run(*arguments: str) -> int:
    code = app(list(arguments), exit_on_error=False, print_error=False, result_action="return_value")
    assert isinstance(code, int)
    return code


def test_the_command_lists_prices_and_deletes(
    rekognition: Any, endpoint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (index,) = parse(["index-faces:collection=people,create=true"])
    face_collections.make_ready(rekognition, [index])
    ask(rekognition, index, ASTRONAUT)
    at = ("--endpoint-url", endpoint, "--region", "us-east-1")

    assert run("list", "--json", *at) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(one["collection"], one["faces"]) for one in listed["collections"]] == [("people", 1)]
    assert listed["usd_per_month"] == "0.00001"  # one face vector, facts/prices.json

    assert run("describe", "people", "--faces", *at) == 0
    shown = capsys.readouterr().out
    assert "people" in shown and ITEM.uri in shown

    with pytest.raises(RekscanError, match=r"not deleted: people with 1 face \(\$0.00001 a month\)"):
        run("delete", "people", *at)  # nobody is there to be asked
    assert run("delete", "people", "--yes", *at) == 0
    assert "deleted people: 1 face\n" in capsys.readouterr().out
    with pytest.raises(RekscanError, match="there is no face collection 'people'"):
        run("describe", "people", *at)

    assert run("list", "--json", *at) == 0
    assert json.loads(capsys.readouterr().out)["collections"] == []


def test_a_region_without_a_known_price_says_unknown(
    rekognition: Any, endpoint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (index,) = parse(["index-faces:collection=people,create=true"])
    face_collections.make_ready(rekognition, [index])
    ask(rekognition, index, ASTRONAUT)
    assert run("list", "--endpoint-url", endpoint, "--region", "xx-nowhere-1") == 0
    assert "unknown" in capsys.readouterr().out


def test_an_endpoint_that_is_not_there_is_an_error_with_what_to_do() -> None:
    with pytest.raises(RekscanError) as refused:
        run("list", "--endpoint-url", "http://127.0.0.1:9", "--region", "us-east-1")
    assert "ListCollections failed" in refused.value.what and refused.value.do
