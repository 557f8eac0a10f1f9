"""Every API of the catalogue over the wire: a real client sends its request, the emulator checks it by AWS's model."""

import subprocess
import sys
from collections.abc import Iterator

import pyarrow as pa
import pytest

from jobs.apis import Choice, Request, catalogue
from jobs.apis.base import Api
from jobs.aws import clients
from jobs.aws.access import Aws
from jobs.aws.clients import method_name
from jobs.items import Item
from tests.support.places import ROOT
from tests.support.waiting import until

PICTURE = (ROOT / "tests" / "support" / "astronaut.jpg").read_bytes()
ITEM = Item(0, "/photos/astronaut.jpg", "image")
EMULATED = [api for api in catalogue().values() if api.name != "custom-labels"]  # see test_collections.py


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An emulator that answers at once from recordings; it checks requests all the same."""
    ready = tmp_path_factory.mktemp("emulator") / "url"
    process = subprocess.Popen(
        [sys.executable, "-m", "emulator", "--engine", "fixed", "--port", "0", "--ready-file", str(ready)]
    )
    try:
        until(lambda: ready.exists() or process.poll() is not None, "the emulator answers or stops")
        assert process.poll() is None, "the emulator stopped"
        yield ready.read_text().strip()
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.parametrize("api", EMULATED, ids=lambda api: api.name)
def test_the_endpoint_takes_the_request_and_its_answer_becomes_rows(api: Api, endpoint: str) -> None:
    params = {param.name: param.default for param in api.params} | dict(api.golden_params or {})
    if "source" in params:
        params["source"] = PICTURE
    arguments = Request((Choice(api, params),)).arguments({"Bytes": PICTURE}, ITEM)
    rekognition = clients.rekognition(Aws(region="us-east-1", rekognition_url=endpoint))

    answer = getattr(rekognition, method_name(api.operation))(**arguments)

    assert set(answer) - {"ResponseMetadata"}, "an answer without content"
    rows = list(api.rows(answer))
    for column, field in zip(zip(*rows, strict=True), api.schema, strict=False):
        pa.array(column, field.type)
    assert len(api.brief(answer)) == len(api.brief_schema)
