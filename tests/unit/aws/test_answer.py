"""Answers as bytes: however they arrive, they are read as in one piece, and as http.client reads them."""

import http.client
import io
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.aws.lean.answer import MOST_BYTES, MOST_HEAD, AnswerReader, CutOff, HttpAnswer, Malformed

NAMES = st.from_regex(re.compile(r"[A-Za-z][A-Za-z0-9-]{0,12}", re.ASCII), fullmatch=True).filter(
    lambda name: name.lower() not in ("content-length", "transfer-encoding", "connection", "upgrade")
)
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=255, exclude_characters="\x7f"), max_size=20)
BODIES = st.binary(max_size=300)


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    status = draw(st.integers(200, 599))
    interim = draw(st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\n"]))
    lines = [f"HTTP/1.1 {status} {draw(st.sampled_from(['OK', '', 'No Good']))}"]
    lines += [f"{name}:{draw(st.sampled_from(['', ' ', '  ']))}{draw(VALUES)}" for name in draw(st.lists(NAMES))]
    body = draw(BODIES)
    framing = draw(st.sampled_from(["length", "chunks", "to the end"]))
    if status in (204, 304):
        body = framed = b""
    elif framing == "length":
        lines.append(f"Content-Length: {len(body)}")
        framed = body
    elif framing == "chunks":
        lines.append("Transfer-Encoding: chunked")
        framed = draw(chunks(body))
    else:
        framed = body
    return interim + "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + framed


@st.composite
def chunks(draw: st.DrawFn, body: bytes) -> bytes:
    framed = b""
    while body:
        size = draw(st.integers(1, len(body)))
        framed += b"%x%s\r\n%s\r\n" % (size, draw(st.sampled_from([b"", b";x=1"])), body[:size])
        body = body[size:]
    return framed + draw(st.sampled_from([b"0\r\n\r\n", b"0\r\nA: b\r\n\r\n"]))


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """An answer with something wrong somewhere, or nothing like one."""
    data = draw(answers())
    at = draw(st.integers(0, len(data)))
    put = draw(
        st.binary(max_size=3)
        | st.sampled_from([b"\r\n", b"\r\n\r\n", b"-", b"_", b"0x", b" ", b"Content-Length: 1\r\n"])
    )
    return data[:at] + put + data[at + draw(st.integers(0, 3)) :]


def read(pieces: list[bytes]) -> HttpAnswer | type[Exception]:
    """What the pieces and then the connection's end come to."""
    reader = AnswerReader()
    try:
        for piece in pieces:
            if (answer := reader.feed(piece)) is not None:
                return answer
        return reader.end()
    except (Malformed, CutOff) as error:
        return type(error)


def in_pieces(draw: Any, data: bytes) -> list[bytes]:
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=12)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True) if a < b]


@given(answers() | spoilt() | st.binary(max_size=50), st.data())
def test_in_whatever_pieces_an_answer_comes_it_is_the_same(data: bytes, pieces: st.DataObject) -> None:
    whole = read([data])
    assert read(in_pieces(pieces.draw, data)) == whole
    assert read([data[i : i + 1] for i in range(len(data))]) == whole


@given(answers())
def test_an_answer_is_what_http_client_makes_of_it(data: bytes) -> None:
    theirs = http.client.HTTPResponse(_Socket(data), method="POST")
    theirs.begin()
    headers: dict[str, str] = {}
    for name, value in theirs.getheaders():
        key, text = name.lower(), value.strip(" \t")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    assert read([data]) == HttpAnswer(theirs.status, headers, theirs.read())


class _Socket:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


@given(st.lists(answers(), min_size=1, max_size=4))
def test_a_reader_reads_one_answer_after_another(several: list[bytes]) -> None:
    reader = AnswerReader()
    for data in several:
        reader.begin()
        answer = reader.feed(data)
        if answer is None:  # it lasts until the end of its connection
            answer = reader.end()
        assert answer == read([data])
        if not reader.keep:
            reader = AnswerReader()


HEAD = b"HTTP/1.1 200 OK\r\n"


def test_a_head_may_have_64_kilobytes_and_no_more_in_whatever_pieces() -> None:
    def head(size: int) -> bytes:
        start, end = HEAD + b"X: ", b"\r\nContent-Length: 2\r\n\r\n"
        return start + b"x" * (size - len(start) - len(end)) + end

    for piece in (1000, 65536, 1 << 20):
        fits, does_not = head(MOST_HEAD) + b"{}", head(MOST_HEAD + 1) + b"{}"
        assert isinstance(read([fits[i : i + piece] for i in range(0, len(fits), piece)]), HttpAnswer)
        assert read([does_not[i : i + piece] for i in range(0, len(does_not), piece)]) is Malformed


@pytest.mark.parametrize(
    "start, part",
    [
        (HEAD + b"\r\n", b"x" * 50_000),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 10_000),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n40000000\r\n", b"x" * 50_000),
    ],
    ids=["to the end", "small chunks", "one chunk"],
)
def test_an_answer_may_have_16_megabytes_and_no_more(start: bytes, part: bytes) -> None:
    reader, fed = AnswerReader(), len(start)
    reader.feed(start)
    with pytest.raises(Malformed):
        while fed < 2 * MOST_BYTES:
            reader.feed(part)
            fed += len(part)
    assert MOST_BYTES - len(part) < fed <= MOST_BYTES


def test_no_memory_while_an_answer_is_read_is_told_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(AnswerReader, "on_body", no_memory)
    with pytest.raises(MemoryError):
        AnswerReader().feed(HEAD + b"Content-Length: 2\r\n\r\n{}")
