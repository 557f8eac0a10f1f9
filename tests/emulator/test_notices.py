"""The end of a job, as Amazon SNS is told it: moto's SNS, and a queue that is subscribed to the topic."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from rekscan.testing import Emulator, emulator
from tests.emulator import raw, strict
from tests.emulator.conftest import S3Server
from tests.support.waiting import until

ROLE = "arn:aws:iam::123456789012:role/publisher"


def aws(service: str, server: S3Server) -> Any:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, endpoint_url=server.url, region_name="us-east-1", **keys)


@pytest.fixture(scope="module")
def topic(s3: S3Server) -> str:
    return str(aws("sns", s3).create_topic(Name="AmazonRekognition-ends")["TopicArn"])


@pytest.fixture
def received(s3: S3Server, topic: str) -> Callable[[int], list[dict[str, Any]]]:
    """Waits for so many messages."""
    sqs, found = aws("sqs", s3), []
    queue = sqs.create_queue(QueueName="ends")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    aws("sns", s3).subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def wait(count: int) -> list[dict[str, Any]]:
        def enough() -> bool:
            for one in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
                found.append(json.loads(json.loads(one["Body"])["Message"]))
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=one["ReceiptHandle"])
            return len(found) >= count

        until(enough, "SNS has told the queue")
        return found

    return wait


@pytest.fixture
def running(s3: S3Server) -> Iterator[Emulator]:
    with emulator("--engine", "fixed", "--sns-endpoint-url", s3.url, "--video-latency", "200ms") as one:
        yield one


def wanted(name: str, topic: str, **more: str) -> dict[str, Any]:
    channel = {"SNSTopicArn": topic, "RoleArn": ROLE}
    return {"Video": {"S3Object": {"Bucket": "archive", "Name": name}}, "NotificationChannel": channel, **more}


def test_the_end_of_a_job_is_published_once_in_aws_s_words(
    running: Emulator, topic: str, received: Callable[[int], list[dict[str, Any]]]
) -> None:
    client = strict.client(running.url)
    running.set_faults("StartFaceDetection:fail=Odd.:1")
    asked = wanted("film-90s.mp4", topic, ClientRequestToken="told", JobTag="a-tag")
    good = client.start_label_detection(**asked)["JobId"]
    bad = client.start_face_detection(**wanted("other-1s.mp4", topic))["JobId"]
    client.start_text_detection(Video=asked["Video"])  # names no topic
    first = {message["JobId"]: message for message in received(2)}
    assert client.start_label_detection(**asked)["JobId"] == good  # known: nothing is done, nothing published
    client.start_segment_detection(SegmentTypes=["SHOT"], **wanted("last-1s.mp4", topic))
    messages = received(3)
    assert [message["API"] for message in messages[2:]] == ["StartSegmentDetection"]
    ends = {job["JobId"]: round(job["ends"] * 1000) for job in raw.get(f"{running.url}/admin/videos").document["jobs"]}
    assert first == {
        good: {
            "JobId": good, "Status": "SUCCEEDED", "API": "StartLabelDetection", "JobTag": "a-tag",
            "Timestamp": ends[good], "Video": {"S3ObjectName": "film-90s.mp4", "S3Bucket": "archive"},
        },
        bad: {
            "JobId": bad, "Status": "FAILED", "API": "StartFaceDetection",
            "Timestamp": ends[bad], "Video": {"S3ObjectName": "other-1s.mp4", "S3Bucket": "archive"},
        },
    }  # fmt: skip


def test_a_topic_that_is_not_there_keeps_nobody_from_the_answer(
    running: Emulator, topic: str, received: Callable[[int], list[dict[str, Any]]]
) -> None:
    client = strict.client(running.url)
    lost = client.start_label_detection(**wanted("lost-1s.mp4", topic + "-gone"))["JobId"]
    client.start_text_detection(**wanted("next-1s.mp4", topic))
    assert [message["API"] for message in received(1)] == ["StartTextDetection"]
    assert client.get_label_detection(JobId=lost)["JobStatus"] == "SUCCEEDED"
    with pytest.raises(ClientError):
        client.start_label_detection(**wanted("x.mp4", "no-arn"))
