"""What a person can do about calls that failed or were never sent, by code.

Codes of failures are AWS's own; reasons of skips are those of `jobs.media.check` and `jobs.sources`. A reason may go on
after a colon ("archived: GLACIER"); what stands before it decides.
"""

_AGAIN = "Run `rekscan retry {job} --code {code}`: the trouble was AWS's or the network's, and it passes."
_ADVICE = {
    "InvalidImageFormatException": "AWS could not read the picture. If it is broken, restore it from its source.",
    "ImageTooLargeException": "Leave out --no-fit so that large pictures are shrunk before they are sent.",
    "InvalidParameterException": "Read the message: the picture may be too small for this API.",
    "InvalidS3ObjectException": "Check that the object exists, is in the job's Region and may be read.",
    "AccessDeniedException": "Allow the operation in the credentials' IAM policy, then retry.",
    "ProvisionedThroughputExceededException": _AGAIN,
    "ThrottlingException": _AGAIN,
    "InternalServerError": _AGAIN,
    "ReadTimeout": _AGAIN,
    "quarantined": "This picture crashed its worker several times. Look at it alone before trying again.",
    "truncated": "The file ends early. Restore it from its source.",
    "broken": "The file does not decode. Restore it from its source.",
    "empty": "The file has no bytes. Restore it from its source.",
    "bomb": "It would fill the memory when decoded. Make a smaller copy.",
    "crashed-decoder": "Decoding it crashes. Convert it with another program.",
    "too-small": "AWS takes no picture this small. Nothing to do.",
    "too-large": "It does not fit AWS's limits at any legible size. Cut it into pieces.",
    "not-an-image": "Its content is no picture, whatever its name says.",
    "unsupported-format": "Convert it to JPEG or PNG first.",
    "not-media": "Not a picture or video by its name. Nothing to do.",
    "hidden": "Hidden files are left out. Rename it if it belongs to the archive.",
    "hidden-directory": "Hidden folders are left out. Rename it if it belongs to the archive.",
    "not-a-file": "A link, device or socket. Nothing to do.",
    "unreadable": "Check the permissions, then scan it again.",
    "archived": "Restore the object from its archive storage class first.",
    "folder": "An S3 folder marker. Nothing to do.",
    "bad-uri": "Correct the line of the list file.",
    "no call": "None of the job's APIs takes this kind of file.",
}
_OTHERWISE = {"failed": "Read the message; `rekscan retry {job} --code {code}` tries these again.", "skipped": ""}


def advice(job: str, outcome: str, code: str) -> str:
    """What to do about calls with this outcome and code, "" if nothing can be done."""
    text = _ADVICE.get(code) or _ADVICE.get(code.partition(":")[0]) or _OTHERWISE.get(outcome, "")
    return text.format(job=job, code=code)
