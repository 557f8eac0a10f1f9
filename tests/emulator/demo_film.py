"""Makes emulator/photos/three-shots.mp4: three of the sample photos, each drawn near for two seconds.

python -m tests.emulator.demo_film
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import emulator.photos
from emulator.photos import photo
from tests.support.films import film

SHOTS = ("astronaut.jpg", "rocket.jpg", "hopper.jpg")  # in the public domain
SIDE, RATE, SECONDS = (480, 320), 12, 2
_NEARER = 0.2  # of the picture, over a shot


def shot(name: str) -> Iterator[Any]:
    """Frames, blue, green, red."""
    picture = cv2.imdecode(np.frombuffer(photo(name), np.uint8), cv2.IMREAD_COLOR)
    height, width = picture.shape[:2]
    scale = min(width / SIDE[0], height / SIDE[1])
    for number in range(RATE * SECONDS):
        near = scale * (1 - _NEARER * number / (RATE * SECONDS))
        across, down = int(SIDE[0] * near), int(SIDE[1] * near)
        left, top = (width - across) // 2, (height - down) // 3
        yield cv2.resize(picture[top : top + down, left : left + across], SIDE, interpolation=cv2.INTER_AREA)


if __name__ == "__main__":
    frames = (frame for name in SHOTS for frame in shot(name))
    data = film("mp4", rate=RATE, pictures=frames, side=SIDE, crf="28", preset="veryslow")
    (Path(emulator.photos.__file__).parent / "three-shots.mp4").write_bytes(data)
