"""What jobs/aws/lean/parser_signer.py reads is what botocore reads, for any answer AWS may give and some it may not."""

import json
from typing import Any

import pytest
from botocore.parsers import JSONParser
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.apis import catalogue
from jobs.aws.lean.parser_signer import Parser
from tests.support.aws_shapes import answers, operation

PARSER = Parser()  # one for all: it keeps what it learns of a shape


def parsed(parser: JSONParser, status: int, body: bytes, shape: Any) -> Any:
    headers = {"x-amzn-requestid": "1-2-3", "content-type": "application/x-amz-json-1.1"}
    answer = {"headers": headers, "status_code": status, "body": body, "context": {"operation_name": "Any"}}
    try:
        return parser.parse(answer, shape)
    except Exception as error:
        return type(error)


@pytest.mark.parametrize("api", catalogue().values(), ids=lambda api: api.name)
@settings(max_examples=60)
@given(data=st.data())
def test_an_answer(api: Any, data: st.DataObject) -> None:
    shape = operation(api.operation).output_shape
    answer = data.draw(answers(shape))
    odd = data.draw(st.dictionaries(st.sampled_from(["Grown", *shape.members]), st.sampled_from([None, 5, [None], {}])))
    body = json.dumps(answer | odd).encode()
    assert parsed(PARSER, 200, body, shape) == parsed(JSONParser(), 200, body, shape)


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize(
    "body", [b"", b"{}", b"null", b"[]", b"5", b'{"__type":"x#Throttled","message":"slow down"}', b"<html>", b"\xff{"]
)
def test_what_is_no_answer(status: int, body: bytes) -> None:
    shape = operation("DetectLabels").output_shape
    theirs = parsed(JSONParser(), status, body, shape)
    mine = parsed(PARSER, status, body, shape)
    assert mine == theirs or theirs is UnicodeDecodeError
