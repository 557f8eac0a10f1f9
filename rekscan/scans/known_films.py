"""Which films of a source the home has answers on: nothing is paid for those. The same for `estimate`, `scan` and
`submit`.

Rule: a film that is to be staged is known by nothing before it is uploaded, and is in the price.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from jobs.apis import VideoChoice
from jobs.aws import clients
from jobs.counts import FilmCalls
from jobs.errors import RekscanError
from jobs.film_speed import Speed
from jobs.folder.films import FilmItem
from jobs.folder.whose import answering
from jobs.known.film_speed import film_speeds
from jobs.known.films import known_films
from jobs.known.question import Question
from jobs.known.segments import Segments
from jobs.known.sync import sync
from jobs.uris import is_local, object_of
from rekscan.scans.terms import Terms


@dataclass(frozen=True, slots=True)
class KnownFilms:
    """`calls`: by API, those that are left out of the plan. `speeds`: by API, how long jobs have taken. `notes`: what
    the plan cannot know."""

    calls: dict[str, FilmCalls] = field(default_factory=dict)
    speeds: dict[str, Speed] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def known_films_of(films: Callable[[], Iterable[FilmItem]], terms: Terms, root: str | None) -> KnownFilms:
    """What earlier jobs of the home have answered about these films, and have shown of others. `root`: the folder of
    local ones that the bundled emulator looks at."""
    if not terms.videos:
        return KnownFilms()
    settings = terms.settings
    answered_by = answering(local=terms.local, endpoint=settings.rekognition_url)
    known = KnownFilms(speeds=film_speeds(settings.home, settings.aws, answered_by))
    if terms.again or not any(choice.api.reusable for choice in terms.videos):
        return known
    sync(settings.home, settings.aws)
    segments = Segments(settings.home, settings.aws)
    if not segments.paths():
        return known
    try:
        account = account_of(terms, terms.region)
    except RekscanError as error:
        return replace(known, notes=(f"Whether earlier jobs have answers on these videos is not known: {error.what}.",))

    def asks(film: FilmItem, choice: VideoChoice) -> Question:
        return Question(account, terms.region, choice.api.operation, film, choice.arguments(), 0, root)

    where_it_is = None if terms.stage or terms.transcode else root
    there = (film for film in films() if not is_local(film.uri) or is_below(film.uri, where_it_is))
    return replace(known, calls=known_films(there, terms.videos, asks, segments))


def account_of(terms: Terms, region: str) -> str:
    """As job.json has it. Raises RekscanError where AWS does not say."""
    if terms.local:
        return "local"
    return clients.account_of(replace(terms.settings.aws, region=region))


def is_below(uri: str, root: str | None) -> bool:
    """Whether a film of this machine is in the folder of the emulator's."""
    try:
        return bool(object_of(uri, root))
    except ValueError:
        return False
