"""HTTP/1.1 answers from the bytes that come: read strictly by llhttp (httptools), and bounded. Touches no socket.

Rule: what is not one whole answer is refused at once, and no server decides how much is kept of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httptools

MOST_BYTES = 16 << 20  # of one answer, with its headers and framing; the largest that AWS sends is far below
MOST_HEAD = 65536  # bytes until the headers end, interim answers included; also later, bytes in a row that are no body


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


class Malformed(ValueError):
    """What came is not an answer, or is more than one may be."""


class CutOff(Exception):
    """The server closed the connection before the answer was whole."""


class AnswerReader:
    """Reads the answers of one connection, one after another. `keep`: after an answer, whether another may follow."""

    def __init__(self) -> None:
        self._parser: Any = httptools.HttpResponseParser(self)
        self.begin()

    def begin(self) -> None:
        """Expect the next answer."""
        self.keep = False
        self._status = 0  # of the final answer, once its headers have ended
        self._headers: dict[str, str] = {}
        self._body: bytes | bytearray = b""
        self._sized = self._whole = False
        self._total = self._idle = 0
        self._moved = False

    def feed(self, data: bytes) -> HttpAnswer | None:
        """The answer, if it is whole with this. Raises Refused."""
        self._total += len(data)
        if self._total > MOST_BYTES:
            raise Malformed(f"the answer has more than {MOST_BYTES:,} bytes")
        while data and not self._whole:
            room = MOST_HEAD - self._idle
            if room == 0:
                raise Malformed(f"{MOST_HEAD:,} bytes of headers, and no end")
            self._parse(data[:room])
            data = data[room:]
        if not self._whole:
            return None
        self.keep = self.keep and not data
        return self._answer()

    def end(self) -> HttpAnswer:
        """The answer, if it lasts until the connection is closed. Raises Cut."""
        if not self._status:
            raise CutOff("the connection was closed without an answer")
        if self._sized:
            raise CutOff("the connection was closed before the answer was whole")
        return self._answer()

    def _answer(self) -> HttpAnswer:
        return HttpAnswer(self._status, self._headers, bytes(self._body))

    def _parse(self, data: bytes) -> None:
        self._moved = False
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self.keep = False  # more than one answer: what follows is nobody's
            if not self._whole:
                raise _cause(error) from None
        self._idle = 0 if self._moved else self._idle + len(data)

    # httptools' side

    def on_message_begin(self) -> None:
        if self._whole:
            raise Malformed("an answer that nobody asked for")

    def on_header(self, raw_name: bytes, raw_value: bytes) -> None:
        if self._status:  # a trailer
            return
        name, value = raw_name.decode("latin-1").lower(), raw_value.strip().decode("latin-1")
        self._headers[name] = f"{self._headers[name]}, {value}" if name in self._headers else value

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200 and status not in (100, 102, 103):
            raise Malformed(f"an answer of status {status}")
        if self._parser.get_http_version() not in ("1.1", "1.0"):
            raise Malformed("an answer of another version of HTTP")
        if status < 200:
            return
        coding, length = self._headers.get("transfer-encoding"), self._headers.get("content-length")
        if coding is not None and coding.lower() != "chunked":
            raise Malformed(f"the answer is coded as {coding}")
        if length is not None and int(length) > MOST_BYTES:  # llhttp lets digits pass, and nothing else
            raise Malformed(f"an answer of {int(length):,} bytes is announced")
        self._sized = coding is not None or length is not None
        self._status = status
        self._moved = True

    def on_body(self, data: bytes) -> None:
        self._moved = True
        if not self._body:
            self._body = data
        elif isinstance(self._body, bytearray):
            self._body += data
        else:
            self._body = bytearray(self._body) + data

    def on_message_complete(self) -> None:
        if self._status:
            self._whole = True
            self.keep = self._parser.should_keep_alive()
        else:  # an interim answer
            self._headers = {}


def _cause(error: Exception) -> BaseException:
    """What a callback raised, MemoryError among it; or that the parser refused."""
    if isinstance(error, httptools.HttpParserCallbackError) and error.__context__ is not None:
        return error.__context__
    return Malformed(f"the answer is not HTTP: {error}")
