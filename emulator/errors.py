"""Errors as Rekognition sends them, and the one error a person at the command line sees."""

from __future__ import annotations


class AwsError(Exception):
    """An answer that is an error: AWS's code, its message and the HTTP status it travels with."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class OptionError(Exception):
    """An option that cannot mean anything; the message says what to write instead."""

    exit_code = 2


class StartError(OptionError):
    """The options are fine, this machine is not."""

    exit_code = 1


def invalid_parameter(message: str = "Request has invalid parameters") -> AwsError:
    return AwsError("InvalidParameterException", message)


def no_faces() -> AwsError:
    """What SearchFacesByImage answers for a picture without a face."""
    return invalid_parameter("There are no faces in the image. Should be at least 1.")


def not_found(message: str) -> AwsError:
    return AwsError("ResourceNotFoundException", message)


def invalid_s3_object(
    message: str = "Unable to get object metadata from S3. Check object key, region and/or access permissions.",
) -> AwsError:
    return AwsError("InvalidS3ObjectException", message)


def invalid_format() -> AwsError:
    return AwsError("InvalidImageFormatException", "Request has invalid image format")


def too_large(message: str) -> AwsError:
    return AwsError("ImageTooLargeException", message)
