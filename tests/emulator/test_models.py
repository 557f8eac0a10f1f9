"""The model files are the ones the provenance table names, and the vocabulary holds together."""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files
from pathlib import Path

import pytest

from emulator.engine.lengths import picture_ms
from emulator.faces.faces import similarity
from emulator.models.catalogue import FILES, ModelFile
from emulator.models.colors import dominant
from emulator.operations.vocabulary import vocabulary
from emulator.photos import PHOTOS, gather, photo, write_film


@pytest.mark.parametrize("model", FILES, ids=lambda model: model.file)
def test_a_model_file_is_the_one_of_the_table_with_its_licence_beside_it(model: ModelFile) -> None:
    data = files("emulator.models").joinpath("data", model.file).read_bytes()
    assert hashlib.sha256(data).hexdigest() == model.sha256
    assert files("emulator.models").joinpath("licenses", model.licence_file).is_file()


def test_no_model_file_is_without_a_row() -> None:
    shipped = {entry.name for entry in files("emulator.models").joinpath("data").iterdir()}
    assert shipped == {model.file for model in FILES}


def test_every_photo_is_in_the_provenance_table_with_its_hash() -> None:
    table = files("emulator.photos").joinpath("PROVENANCE.md").read_text("utf-8")
    names = {name for group in PHOTOS.values() for name in group}
    for name in names:
        digest = hashlib.sha256(photo(name)).hexdigest()
        assert re.search(rf"^\| {re.escape(name)} \|.*\| {digest} \|$", table, re.MULTILINE), name
    shipped = {entry.name for entry in files("emulator.photos").iterdir() if entry.name.endswith((".jpg", ".png"))}
    assert shipped == names


def test_the_sample_film_is_there_with_its_hash_and_six_seconds_long(tmp_path: Path) -> None:
    provenance = files("emulator.photos").joinpath("PROVENANCE.md").read_text("utf-8")
    path = write_film(tmp_path)
    assert hashlib.sha256(path.read_bytes()).hexdigest() in provenance
    assert picture_ms(path) == 6000


def test_the_sample_archive_is_the_same_every_time(archive: Path, tmp_path: Path) -> None:
    def contents(folder: Path) -> dict[str, bytes]:
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    gather(tmp_path)
    first = contents(archive)
    assert contents(tmp_path) == first
    assert len(first) > 25
    assert len(first["trouble/oversize.jpg"]) > 5_242_880


def test_every_class_of_the_models_has_a_label_and_every_parent_is_one() -> None:
    words = vocabulary()
    assert (len(words.things), len(words.scenes)) == (80, 1000)
    assert {*words.things, *words.scenes} <= set(words.labels)
    for label in words.labels.values():
        assert set(label.parents) <= set(words.labels)
        assert label.name not in label.parents
        assert len(set(label.parents)) == len(label.parents)
        assert label.category


def test_labels_can_be_asked_for_in_filters() -> None:
    from emulator.server.protocol import service_model

    shape = service_model().shape_for("GeneralLabelsFilterValue")
    words = vocabulary()
    for text in {*words.labels, *(label.category for label in words.labels.values())}:
        assert re.fullmatch(shape.metadata["pattern"], text), text
        assert len(text) <= shape.metadata["max"]


def test_similarity_is_80_at_the_cut_and_falls_with_the_distance() -> None:
    assert similarity(0.5) == pytest.approx(80)
    assert similarity(0.0) > 99.9
    assert similarity(0.425) > 90
    assert similarity(0.536) < 75


@pytest.mark.parametrize(
    ("rgb", "simple"), [((191, 110, 59), "brown"), ((128, 128, 128), "grey"), ((30, 40, 80), "blue")]
)
def test_a_colour_has_the_simple_name_a_person_would_say(rgb: tuple[int, int, int], simple: str) -> None:
    (color,) = dominant([{"rgb": list(rgb), "share": 1.0}], 1)
    assert color["SimplifiedColor"] == simple
