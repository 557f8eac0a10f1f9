"""Films of any rate, times and layout that FFmpeg can write are as long as FFmpeg says."""

import io
from fractions import Fraction

import av
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st

from jobs.video.header import look
from jobs.video.reading import FilmReader
from tests.support.films import film, nearest

LAYOUTS = (
    "", "faststart", "negative_cts_offsets", "frag_keyframe", "frag_keyframe+empty_moov", "frag_keyframe+delay_moov",
    "frag_keyframe+empty_moov+default_base_moof+global_sidx", "frag_keyframe+empty_moov+dash", "cmaf+frag_keyframe",
    "frag_keyframe+empty_moov+skip_trailer", "frag_every_frame+delay_moov",
)  # fmt: skip
RATES = (1, 12, 24, 25, 50, Fraction(30_000, 1001), Fraction(24_000, 1001))
MUXERS = st.fixed_dictionaries(
    {},
    optional={
        "video_track_timescale": st.sampled_from(("600", "1000", "30000", "90000")),
        "movie_timescale": st.sampled_from(("7", "600", "90000")),
        "use_editlist": st.sampled_from("01"),
        "avoid_negative_ts": st.sampled_from(("make_zero", "disabled", "make_non_negative")),
    },
)


@st.composite
def films(draw: st.DrawFn) -> bytes:
    rate = draw(st.sampled_from(RATES))
    steady = draw(st.booleans())
    base = 1 / Fraction(rate) if steady else Fraction(1, draw(st.sampled_from((600, 1000, 90_000))))
    longest = 1 if steady else base.denominator // 8
    first = draw(st.sampled_from((0, 0, 5, 777)))
    steps = draw(st.lists(st.integers(1, longest), max_size=30))
    try:
        return film(
            draw(st.sampled_from(("mp4", "mov", "ipod"))),
            times=[first + sum(steps[:number]) for number in range(len(steps) + 1)],
            rate=rate,
            base=base,
            sound=draw(st.sampled_from((0, 0, 0.5, 2))),
            flags=draw(st.sampled_from(LAYOUTS)),
            muxer=draw(MUXERS),
            g=draw(st.sampled_from(("1", "5", "12"))),
            bf=draw(st.sampled_from("02")),
        )
    except av.error.ArgumentError:  # FFmpeg makes no such film: of few frames and long breaks in fragments, say
        reject()


@settings(max_examples=40)
@given(films())
def test_any_film_is_as_long_as_ffmpeg_says(data: bytes) -> None:
    with av.open(io.BytesIO(data)) as file:
        shown = file.streams.video[0]
        assert shown.duration is not None and shown.time_base is not None
        said = nearest(shown.duration * shown.time_base)
    assume(said)  # of a film whose fragments never came FFmpeg says 0, though it has a frame
    found, skip = look(FilmReader(lambda first, count: data[first : first + count], len(data)))
    assert skip is None
    assert found and found.length_ms == said
