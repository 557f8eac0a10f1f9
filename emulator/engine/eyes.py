"""What a model process does with a picture: decode it once, look at it as far as asked, remember the last few."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from emulator.engine.images import Picture, decode
from emulator.models import properties
from emulator.models.faces import Attributes, Detector, Found, Measurer, Vectors
from emulator.models.features import Seen
from emulator.models.nudity import Nudity
from emulator.models.scenes import Scenes
from emulator.models.session import Floats
from emulator.models.text import Text
from emulator.models.things import Things

REMEMBERED = 8  # pictures of at most 1600 x 1600 x 3 bytes: 61 MB


@dataclass(slots=True)
class View:
    """A decoded picture and what was found in it so far."""

    picture: Picture
    seen: Seen
    found: list[Found] = field(default_factory=list)
    points: list[Floats] = field(default_factory=list)


class Eyes:
    """All models, each loaded when first needed and then kept."""

    def __init__(self) -> None:
        self._views: OrderedDict[str, View] = OrderedDict()

    def look(self, key: str, data: bytes, features: list[str]) -> Seen:
        """Raises AwsError for bytes that are not a picture AWS takes."""
        view = self._views.pop(key, None)
        if view is None:
            picture = decode(data)
            view = View(picture, {"width": picture.width, "height": picture.height})
        self._views[key] = view
        while len(self._views) > REMEMBERED:
            self._views.popitem(last=False)
        for feature in features:
            if feature not in view.seen:
                self._find(view, feature)
        return view.seen

    def see(self, picture: Picture, features: list[str]) -> Seen:
        """A picture that will not come again."""
        view = View(picture, {"width": picture.width, "height": picture.height})
        for feature in features:
            self._find(view, feature)
        return view.seen

    def warm(self) -> None:
        """Load now what most requests need, so that none waits for it. The reader of text takes longer to load than all
        others together, and few ask for it."""
        for model in ("things", "scenes", "detector", "measurer", "attributes", "vectors", "nudity"):
            getattr(self, model)

    def _find(self, view: View, feature: str) -> None:
        pixels, seen = view.picture.pixels, view.seen
        match feature:
            case "things":
                seen["things"] = self.things.find(pixels)
            case "scene":
                seen["scene"] = self.scenes.classify(pixels)
            case "properties":
                seen["properties"] = properties.measure(pixels)
            case "nudity":
                seen["nudity"] = self.nudity.score(pixels)
            case "text":
                seen["text"] = self.text.read(pixels)
            case "faces":
                self._faces(view)
            case "persons":
                self._need_faces(view)
                faces = zip(view.found, view.points, strict=True)
                seen["persons"] = [self.attributes.guess(pixels, face, points) for face, points in faces]
            case "vectors":
                self._need_faces(view)
                seen["vectors"] = [self.vectors.of(pixels, face) for face in view.found]
            case _:
                raise ValueError(feature)

    def _need_faces(self, view: View) -> None:
        if "faces" not in view.seen:
            self._faces(view)

    def _faces(self, view: View) -> None:
        view.found = self.detector.find(view.picture.pixels)
        measured: list[Any] = [
            self.measurer.measure(view.picture.pixels, face, view.picture.grown) for face in view.found
        ]
        view.seen["faces"] = [face for face, _ in measured]
        view.points = [points for _, points in measured]

    @cached_property
    def things(self) -> Things:
        return Things()

    @cached_property
    def scenes(self) -> Scenes:
        return Scenes()

    @cached_property
    def detector(self) -> Detector:
        return Detector()

    @cached_property
    def measurer(self) -> Measurer:
        return Measurer()

    @cached_property
    def attributes(self) -> Attributes:
        return Attributes()

    @cached_property
    def vectors(self) -> Vectors:
        return Vectors()

    @cached_property
    def nudity(self) -> Nudity:
        return Nudity()

    @cached_property
    def text(self) -> Text:
        return Text()
