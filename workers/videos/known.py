"""Answers on films that an earlier job of the home has: their pages are copied, and nothing is asked.

Rule: who asks the same has the same token, so an answer is known by the token of its question, however long ago AWS
gave it. What is gone, or of a newer format, is not known.
"""

from dataclasses import dataclass

import pyarrow as pa

from jobs.documents import NewerFormat
from jobs.folder import JobFolder
from jobs.folder.video_pages import PagesName, PagesReader, PagesWriter
from jobs.known.answers import Answers
from jobs.known.index import Index
from jobs.known.question import Question
from jobs.known.segments import Segments
from jobs.known.sync import OF_FILMS
from jobs.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """A row of job `job`, whose pages are now those of the call that asked."""

    row: Outcome
    job: str


class KnownFilms:
    """What a home knows, as one job sees it."""

    def __init__(self, folder: JobFolder) -> None:
        self._folder = folder
        self._index = Index(Segments(folder.home, folder.aws))
        self._answers = Answers(folder.home, folder.aws)

    def copied(self, question: Question, name: PagesName) -> KnownAnswer | None:
        """The answer to a question, its pages in this job's folder under `name`; None where it is not known."""
        for place in self._index.find(question.known_by, [OF_FILMS]).get(OF_FILMS, []):
            row = self._answers.at(place, name.api)
            if row is not None and row.outcome == "ok" and place.job != self._folder.job:
                folder = JobFolder(self._folder.home, place.job, self._folder.aws)
                if self._copy(folder, PagesName(name.api, row.item_id, row.epoch or 0), name):
                    return KnownAnswer(row, place.job)
        return None

    def _copy(self, folder: JobFolder, theirs: PagesName, mine: PagesName) -> bool:
        try:
            with (
                PagesReader(folder, theirs) as pages,
                PagesWriter(self._folder, mine, pages.answer.job_id) as copy,
            ):
                for number, page in enumerate(pages, 1):
                    copy.append(number, page)
                copy.done()
        except (FileNotFoundError, NewerFormat, pa.ArrowInvalid):
            return False
        return True
