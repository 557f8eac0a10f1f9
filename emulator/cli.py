"""The command line of the emulator, alone (`python -m emulator`) or as `rekscan emulator`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, CycloptsError, Parameter

from emulator.errors import OptionError
from emulator.options import Options


def emulator(
    *,
    port: int = 9324,
    host: str = "127.0.0.1",
    allow_host: Annotated[list[str] | None, Parameter(negative=())] = None,
    engine: Literal["models", "fixed"] = "models",
    workers: int | None = None,
    s3_endpoint_url: Annotated[str | None, Parameter(name="--s3-endpoint-url")] = None,
    sns_endpoint_url: Annotated[str | None, Parameter(name="--sns-endpoint-url")] = None,
    file_store: Path | None = None,
    data_dir: Path | None = None,
    gallery: Path | None = None,
    quota: Annotated[list[str] | None, Parameter(negative=())] = None,
    quota_scale: float = 1.0,
    quota_burst: float | None = None,
    ramp: float | None = None,
    latency: str | None = None,
    video_jobs: int = 20,
    video_latency: str | None = None,
    custom_model: Annotated[list[str] | None, Parameter(negative=())] = None,
    model_seconds: float = 0.0,
    fault: Annotated[list[str] | None, Parameter(negative=())] = None,
    seed: int = 0,
    verify_key: str | None = None,
    request_timeout: float = 60.0,
    ready_file: Path | None = None,
    end_with_stdin: Annotated[bool, Parameter(negative=())] = False,
    about: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Serve an offline Rekognition endpoint that any AWS SDK can be pointed at.

    rekscan emulator --port 9324 --quota labels=50 --latency '300ms±100'

    Parameters
    ----------
    port
        Port to listen on; 0 picks a free one and prints it.
    host
        Address to listen on. Anyone who reaches it can use it.
    allow_host
        Another name that requests may call the server by, as rekognition in docker-compose. Repeatable.
    engine
        models: real answers from open models. fixed: recorded answers at once, for load tests.
    workers
        Model processes; by default one per core.
    s3_endpoint_url
        Where S3Object images are fetched from; without it (or AWS_ENDPOINT_URL_S3) they are refused.
    sns_endpoint_url
        Where the end of video jobs is published; without it (or AWS_ENDPOINT_URL_SNS) it is not.
    file_store
        A folder whose files are the objects of the bucket `file-store`, named by their paths in it.
    data_dir
        Where face collections, video jobs and running models are kept; by default in a temporary directory.
    gallery
        Folder of photos named after people, for RecognizeCelebrities.
    quota
        Calls a second of an operation, as labels=50 or DetectLabels=50. Repeatable.
    quota_scale
        Multiplies every --quota.
    quota_burst
        Calls let in at once; by default a tenth of the quota.
    ramp
        Refuse a second with more than this many times the calls of the one before (ThrottlingException).
    latency
        Shortest time to an answer: 300ms, 0.3s, 300ms±100 or 300ms+-100.
    video_jobs
        Video jobs that may be open at once, all kinds together.
    video_latency
        Shortest time a video job takes, each and by length of film: 20s, or 20s+6s/min.
    custom_model
        A Custom Labels version that answers by name rules, as logos/v1=cat,dog. Repeatable.
    model_seconds
        Seconds such a version takes to start, and to stop.
    fault
        What goes wrong: OPERATION:WHAT:HOW-OFTEN, as DetectFaces:500:1% or '*:reset:3'. Repeatable.
    seed
        Seed of faults and latencies.
    verify_key
        Check request signatures against this ACCESS_KEY_ID:SECRET_ACCESS_KEY.
    request_timeout
        Seconds a client has to send a request; a slower one is cut off.
    ready_file
        Written with the URL once the server answers.
    end_with_stdin
        End when stdin does: whoever started the server is gone.
    about
        List the models, their licences and what they cannot answer, and exit.
    """
    try:
        from emulator.run import run  # needs the extra `emulator`: said below where it is missing

        if about:
            from emulator.about import text  # as above

            print(text())
            return 0
        options = Options(
            port=port,
            host=host,
            allow_host=tuple(allow_host or ()),
            engine=engine,
            workers=workers,
            s3_endpoint_url=s3_endpoint_url,
            sns_endpoint_url=sns_endpoint_url,
            file_store=file_store,
            data_dir=data_dir,
            gallery=gallery,
            quota=tuple(quota or ()),
            quota_scale=quota_scale,
            quota_burst=quota_burst,
            ramp=ramp,
            latency=latency,
            video_jobs=video_jobs,
            video_latency=video_latency,
            custom_model=tuple(custom_model or ()),
            model_seconds=model_seconds,
            fault=tuple(fault or ()),
            seed=seed,
            verify_key=verify_key,
            request_timeout=request_timeout,
            ready_file=ready_file,
            end_with_stdin=end_with_stdin,
        )
        return run(options)
    except OptionError as failure:
        print(f"Error: {failure}", file=sys.stderr)
        return failure.exit_code
    except ModuleNotFoundError as failure:
        print(f"Error: the emulator needs {failure.name}: pip install 'rekscan[emulator]'", file=sys.stderr)
        return 1


def main(argv: list[str] | None = None) -> int:
    app = App(name="emulator", result_action="return_value")
    app.default(emulator)
    try:
        result = app(argv if argv is not None else sys.argv[1:], exit_on_error=False, print_error=False)
    except CycloptsError as failure:
        print(f"Error: {failure} See --help.", file=sys.stderr)
        return 2
    return result if isinstance(result, int) else 0
