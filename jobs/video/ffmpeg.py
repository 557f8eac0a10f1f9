"""The `ffmpeg` on PATH: what a film is that our own reader does not know, and the command that makes H.264 of it.

Rule: it is nobody's dependency, and is only run for `--transcode`. It opens the one file it is given, and no format
that leads to others (playlists).
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass

from jobs.errors import RekscanError
from jobs.uris import path_of
from jobs.video.film import Film

_SECONDS = 60  # for a look
_FORMATS = "matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,m4v,avi,asf,mpegts,mpeg,mpegvideo,flv,ogg,dv,mxf"
_ONE_FILE = ("-nostdin", "-hide_banner", "-protocol_whitelist", "file", "-format_whitelist", _FORMATS)
_LENGTH = re.compile(r"Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)")
_PICTURES = re.compile(r"^\s*Stream #.*?: Video: (\w+).*?, (\d{1,5})x(\d{1,5})(.*)$", re.MULTILINE)
_RATE = re.compile(r"([\d.]+) fps")
_EVEN = "scale=trunc(iw/2)*2:trunc(ih/2)*2"  # 4:2:0 has no odd sides
_H264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-pix_fmt", "yuv420p", "-vf", _EVEN)


@dataclass(frozen=True, slots=True)
class Ffmpeg:
    path: str

    @classmethod
    def found(cls) -> "Ffmpeg":
        """Raises RekscanError where there is none."""
        if (path := shutil.which("ffmpeg")) is None:
            raise RekscanError(
                "--transcode needs ffmpeg, and there is none on PATH",
                "Install FFmpeg 5.1 or later with libx264 (apt install ffmpeg, brew install ffmpeg), on each worker's"
                " machine.",
            )
        return cls(path)

    def look(self, uri: str, container: str) -> Film | None:
        """A film of this machine, by its header; None where it finds no pictures, or not how long they last."""
        try:
            done = subprocess.run(  # noqa: S603  the user's own ffmpeg
                [self.path, *_ONE_FILE, "-i", _file(uri)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
            )
        except subprocess.TimeoutExpired:
            return None
        size = os.stat(path_of(uri)).st_size  # noqa: PTH116  a path of bytes
        return _film(done.stderr.decode("utf-8", "replace"), size, container)

    def command(self, uri: str, to: str, *, copy: bool) -> list[str]:
        """What makes an H.264 MP4 of it, at the same times. `copy`: its pictures are H.264, in another container."""
        pictures = ("-c:v", "copy") if copy else (*_H264, "-fps_mode", "passthrough")
        streams = ("-map", "0:V:0", "-map", "0:a:0?", "-c:a", "aac")
        more = ("-movflags", "+faststart", "-f", "mp4", "-y")
        return [self.path, *_ONE_FILE, "-loglevel", "error", "-i", _file(uri), *streams, *pictures, *more, to]


def _film(said: str, size: int, container: str) -> Film | None:
    """By what an ffmpeg says of its input."""
    shown = next((one for one in _PICTURES.finditer(said) if "(attached pic)" not in one[0]), None)
    lasts = _LENGTH.search(said)
    if shown is None or lasts is None:
        return None
    ms = round((int(lasts[1]) * 3600 + int(lasts[2]) * 60 + float(lasts[3])) * 1000)
    rate = _RATE.search(shown[4])
    fps = float(rate[1]) if rate else None
    return Film(size, container, shown[1], ms or None, width=int(shown[2]), height=int(shown[3]), fps=fps)


def _file(uri: str) -> str:
    return "file:" + os.fsdecode(path_of(uri))
