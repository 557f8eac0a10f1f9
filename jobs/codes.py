"""Our own codes: why a call was never sent, and why it failed where AWS gave no code of its own.

Rule: a code is stored in manifests, results and tables, so its text never changes. A reason may go on after a colon
(`archived: GLACIER`); what stands before it is the code. AWS's codes stay the strings that AWS sends.
What to do about each: `reports.facts.causes`.
"""

from enum import StrEnum


class Code(StrEnum):
    # left out while listing
    NOT_MEDIA = "not-media"
    HIDDEN = "hidden"
    HIDDEN_DIRECTORY = "hidden-directory"
    OWN_OUTPUT = "own-output"
    BY_PRODUCT = "by-product"
    EXCLUDED = "excluded"
    NOT_A_FILE = "not-a-file"
    FOLDER = "folder"
    BAD_URI = "bad-uri"
    NO_CALL = "no call"
    # found when it was fetched
    UNREADABLE = "unreadable"
    ARCHIVED = "archived"
    CHANGED = "changed"
    EMPTY = "empty"
    NOT_FETCHED = "not-fetched"
    PRIVATE_ADDRESS = "private-address"
    # found when it was looked at
    NOT_AN_IMAGE = "not-an-image"
    UNSUPPORTED_FORMAT = "unsupported-format"
    TRUNCATED = "truncated"
    BROKEN = "broken"
    TOO_SMALL = "too-small"
    TOO_LARGE = "too-large"
    BOMB = "bomb"
    CRASHED_DECODER = "crashed-decoder"
    # found when a film was looked at
    NOT_A_VIDEO = "not-a-video"
    NO_VIDEO = "no-video"
    UNSUPPORTED_CONTAINER = "unsupported-container"
    UNSUPPORTED_CODEC = "unsupported-codec"
    TOO_LONG = "too-long"
    NOT_IN_S3 = "not-in-s3"
    NOT_TRANSCODED = "not-transcoded"
    # found when frames of a film were chosen or taken
    AS_FRAMES = "as-frames"
    UNKNOWN_LENGTH = "unknown-length"
    NO_KEY_FRAMES = "no-key-frames"
    NO_FRAME = "no-frame"
    NEAR_IDENTICAL = "near-identical"
    # not asked
    CONDITION_FALSE = "condition-false"
    CONDITION_UNKNOWN = "condition-unknown"
    # failed
    NOT_DOWNLOADED = "not-downloaded"
    POISON = "poison"
    UNREADABLE_ANSWER = "UnreadableAnswer"
    ODD_ANSWER = "odd-answer"
    UNSTORABLE_ANSWER = "unstorable-answer"
    VIDEO_FAILED = "video-failed"
    ANSWER_EXPIRED = "answer-expired"
    LOST_ANSWER = "lost-answer"
