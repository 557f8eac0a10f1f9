"""What a person can do about calls that failed or were never sent, by code: each of ours, and AWS's frequent ones.

Codes of failures are AWS's own or `jobs.codes`'; reasons of skips are all `jobs.codes`'. A reason may go on
after a colon ("archived: GLACIER"); what stands before it decides.
"""

from jobs.codes import Code

_AGAIN = "Run `rekscan retry {job} --code {code}`: the trouble was AWS's or the network's, and it passes."
ADVICE = {
    "InvalidImageFormatException": "AWS could not read the picture. If it is broken, restore it from its source.",
    "ImageTooLargeException": "Leave out --no-fit so that large pictures are shrunk before they are sent.",
    "InvalidParameterException": "Read the message: the picture may be too small for this API.",
    "InvalidS3ObjectException": "Check that the object exists, is in the job's Region and may be read.",
    "AccessDeniedException": "Allow the operation in the credentials' IAM policy, then retry.",
    "ProvisionedThroughputExceededException": _AGAIN,
    "ThrottlingException": _AGAIN,
    "InternalServerError": _AGAIN,
    "ReadTimeoutError": _AGAIN,
    Code.UNREADABLE_ANSWER: _AGAIN,
    Code.ODD_ANSWER: "Answered and billed, but no table can take the answer: `failures` keeps it as it came.",
    Code.UNSTORABLE_ANSWER: "Billed, but no table can hold the answer: its row in results/ keeps it as ASCII.",
    Code.VIDEO_FAILED: "AWS began and gave up, unpaid: the message says why. Rekognition takes H.264 in whole files.",
    Code.ANSWER_EXPIRED: "AWS keeps an answer for 7 days, and nobody read it. A retry pays for it again.",
    Code.LOST_ANSWER: "The file of its pages is missing or damaged. `rekscan retry {job} --code {code}` reads them"
    " again: for nothing within 7 days of the start, after that it is paid again.",
    Code.POISON: "This picture crashed its worker several times. Look at it alone before trying again.",
    Code.TRUNCATED: "The file ends early. Restore it from its source.",
    Code.BROKEN: "The file does not decode. Restore it from its source.",
    Code.EMPTY: "The file has no bytes. Restore it from its source.",
    Code.BOMB: "It would fill the memory when decoded. Make a smaller copy.",
    Code.CRASHED_DECODER: "Decoding it crashes. Convert it with another program.",
    Code.TOO_SMALL: "AWS takes no picture this small. Nothing to do.",
    Code.TOO_LARGE: "It does not fit AWS's limits, a picture at any legible size. Cut it into pieces.",
    Code.NOT_AN_IMAGE: "Its content is no picture, whatever its name says.",
    Code.UNSUPPORTED_FORMAT: "Convert it to JPEG or PNG first.",
    Code.NOT_A_VIDEO: "Its content is no video, whatever its name says.",
    Code.NO_VIDEO: "It holds sound alone. Nothing to do.",
    Code.UNSUPPORTED_CONTAINER: "Rekognition takes MP4 and MOV. Scan it from a disk with --transcode and --stage.",
    Code.UNSUPPORTED_CODEC: "Rekognition takes H.264. Scan it from a disk with --transcode and --stage.",
    Code.NOT_TRANSCODED: "The ffmpeg of --transcode could not read it, and says why. Restore it from its source.",
    Code.TOO_LONG: "AWS takes six hours at most. Cut it into pieces.",
    Code.NOT_IN_S3: "Scan it with --stage, or copy it into a bucket of the scan's Region and scan that.",
    Code.AS_FRAMES: "A film whose frames were asked about: they have rows of their own. Nothing to do.",
    Code.UNKNOWN_LENGTH: "Its header does not say how long it is. Write it anew first (ffmpeg -c copy).",
    Code.NO_KEY_FRAMES: "Its header lists no key frames. Ask for frames at a rate, or write it anew (ffmpeg -c copy).",
    Code.NO_FRAME: "The film shows nothing at this moment: it is shorter than its header says.",
    Code.NEAR_IDENTICAL: "It looks like the frame kept before it. Leave out `dynamic` to ask about it too.",
    Code.NOT_MEDIA: "Not a picture or video by its name. Nothing to do.",
    Code.HIDDEN: "Hidden files are left out. Rename it if it belongs to the archive.",
    Code.HIDDEN_DIRECTORY: "Hidden folders are left out. Rename it if it belongs to the archive.",
    Code.OWN_OUTPUT: "A job's folder: reports are not scanned. Nothing to do.",
    Code.BY_PRODUCT: "Thumbnails, deleted files and the like of a system. Name the folder as the source to scan it.",
    Code.EXCLUDED: "--exclude or --include leaves it out. Scan again with other globs to take it.",
    Code.NOT_A_FILE: "A link, device or socket. Nothing to do.",
    Code.UNREADABLE: "Check the permissions, then scan it again.",
    Code.ARCHIVED: "Restore the object from its archive storage class first.",
    Code.CHANGED: "It was replaced after it was listed. Scan the source again to take what is there now.",
    Code.NOT_FETCHED: "Leave out --no-thumbnails, and the report fetches the pictures of its gallery.",
    Code.NOT_DOWNLOADED: "Its web server did not give it. Run `rekscan retry {job} --code {code}` once it does.",
    Code.PRIVATE_ADDRESS: "Its URL leads into a private network. If that is meant, scan with --allow-private-urls.",
    Code.FOLDER: "An S3 folder marker. Nothing to do.",
    Code.BAD_URI: "Correct the line of the list file.",
    Code.CONDITION_FALSE: "Its condition (--when) did not hold on the picture. Nothing to do.",
    Code.CONDITION_UNKNOWN: "What its condition reads was not answered. A retry of that asks it, if it then holds.",
    Code.NO_CALL: "None of the job's APIs takes this kind of file.",
}
_OTHERWISE = {"failed": "Read the message; `rekscan retry {job} --code {code}` tries these again.", "skipped": ""}


def advice(job: str, outcome: str, code: str) -> str:
    """What to do about calls with this outcome and code, "" if nothing can be done."""
    text = ADVICE.get(code) or ADVICE.get(code.partition(":")[0]) or _OTHERWISE.get(outcome, "")
    return text.format(job=job, code=code)
