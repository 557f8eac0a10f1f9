"""Face collections, kept in one SQLite file: what is answered as stored survives a kill.

Vectors of a collection are held as one matrix, read anew when the collection has changed.
"""

from __future__ import annotations

import json
import sqlite3
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emulator.errors import AwsError, not_found
from emulator.models.features import Box, Face

ARN = "arn:aws:rekognition:us-east-1:000000000000:collection/"
_SCHEMA = """
create table if not exists collections (id text primary key, created real not null);
create table if not exists faces (
    number integer primary key autoincrement,
    collection text not null references collections (id) on delete cascade,
    face_id text not null unique,
    image_id text not null,
    external_id text,
    content text not null,
    box text not null,
    confidence real not null,
    vector blob not null
);
create index if not exists faces_by_collection on faces (collection, number);
"""


@dataclass(frozen=True, slots=True)
class StoredFace:
    number: int
    face_id: str
    image_id: str
    external_id: str | None
    box: Box
    confidence: float


class Collections:
    """All collections of one emulator; `path` may be `:memory:`."""

    def __init__(self, path: Path | str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript("pragma journal_mode = wal; pragma foreign_keys = on;" + _SCHEMA)
        self._matrices: dict[str, tuple[tuple[int, int], list[int], NDArray[np.float32]]] = {}

    def close(self) -> None:
        self._db.close()

    def create(self, name: str) -> str:
        try:
            self._db.execute("insert into collections values (?, ?)", (name, time.time()))
        except sqlite3.IntegrityError:
            text = f"The collection id: {name} already exists"
            raise AwsError("ResourceAlreadyExistsException", text) from None
        return self.arn(name)

    def arn(self, name: str) -> str:
        return ARN + name

    def delete(self, name: str) -> None:
        self.created(name)
        self._db.execute("delete from collections where id = ?", (name,))
        self._matrices.pop(name, None)

    def created(self, name: str) -> float:
        """When it was created, in seconds since 1970; raises AWS's error for one that is not there."""
        row = self._db.execute("select created from collections where id = ?", (name,)).fetchone()
        if row is None:
            raise not_found(f"The collection id: {name} does not exist")
        return float(row[0])

    def names(self, after: str, limit: int) -> list[str]:
        rows = self._db.execute("select id from collections where id > ? order by id limit ?", (after, limit))
        return [str(row[0]) for row in rows]

    def count(self, name: str) -> int:
        return int(self._db.execute("select count(*) from faces where collection = ?", (name,)).fetchone()[0])

    def same(self, name: str, content: str, external_id: str | None) -> list[StoredFace]:
        """Faces kept from the same picture under the same ExternalImageId: AWS does not store those twice."""
        if external_id is None:
            return []
        where = "collection = ? and content = ? and external_id = ?"
        return self._faces(where, (name, content, external_id))

    def add(
        self, name: str, content: str, external_id: str | None, image_id: str, face: Face, vector: list[float]
    ) -> str:
        face_id = str(uuid.uuid4())
        packed = np.asarray(vector, np.float32).tobytes()
        row = (name, face_id, image_id, external_id, content, json.dumps(face["box"]), face["score"], packed)
        columns = "(collection, face_id, image_id, external_id, content, box, confidence, vector)"
        self._db.execute(f"insert into faces {columns} values (?, ?, ?, ?, ?, ?, ?, ?)", row)  # noqa: S608
        return face_id

    def face(self, name: str, face_id: str) -> StoredFace | None:
        found = self._faces("collection = ? and face_id = ?", (name, face_id))
        return found[0] if found else None

    def page(self, name: str, after: int, limit: int) -> list[StoredFace]:
        return self._faces("collection = ? and number > ?", (name, after), limit)

    def remove(self, name: str, face_id: str) -> bool:
        where = "delete from faces where collection = ? and face_id = ?"
        return self._db.execute(where, (name, face_id)).rowcount > 0

    def vector(self, face: StoredFace) -> list[float]:
        row = self._db.execute("select vector from faces where number = ?", (face.number,)).fetchone()
        return [float(value) for value in np.frombuffer(row[0], np.float32)]

    def nearest(self, name: str, vector: list[float], limit: int) -> list[tuple[StoredFace, float]]:
        """The closest faces with their distances, nearest first."""
        numbers, matrix = self._matrix(name)
        if not numbers:
            return []
        distances = np.linalg.norm(matrix - np.asarray(vector, np.float32), axis=1)
        order = np.argsort(distances, kind="stable")[:limit]
        found = []
        for place in order:
            face = self._faces("number = ?", (numbers[int(place)],))[0]
            found.append((face, float(distances[place])))
        return found

    def _matrix(self, name: str) -> tuple[list[int], NDArray[np.float32]]:
        """Numbers and vectors, read again when the collection is not as it was: numbers are never used twice."""
        state = "select count(*), coalesce(max(number), 0) from faces where collection = ?"
        now: tuple[int, int] = self._db.execute(state, (name,)).fetchone()
        kept = self._matrices.get(name)
        if kept is None or kept[0] != now:
            query = "select number, vector from faces where collection = ? order by number"
            rows = self._db.execute(query, (name,)).fetchall()
            stacked = np.frombuffer(b"".join(row[1] for row in rows), np.float32).reshape(len(rows), -1 if rows else 0)
            kept = self._matrices[name] = (now, [int(row[0]) for row in rows], stacked)
        return kept[1], kept[2]

    def _faces(self, where: str, values: tuple[Any, ...], limit: int = -1) -> list[StoredFace]:
        columns = "number, face_id, image_id, external_id, box, confidence"
        query = f"select {columns} from faces where {where} order by number limit ?"  # noqa: S608
        rows = self._db.execute(query, (*values, limit))
        return [StoredFace(row[0], row[1], row[2], row[3], json.loads(row[4]), row[5]) for row in rows]
