"""`prices --refresh` and `quotas --refresh` against a real HTTP server whose documents have AWS's published shapes.

The price list documents follow "Using the AWS Price List Query API" and "Reading offer files" of AWS's Billing guide;
the quotas follow botocore's service-quotas model, which also checks them on the way in.
"""

import csv
import io
import json
import threading
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cyclopts import App

from jobs.errors import RekscanError, UsageError
from jobs.money.prices import PriceTable
from jobs.money.stored import stored_prices, stored_quotas
from rekscan.commands.prices import prices
from rekscan.commands.quotas import quotas

TODAY = datetime.now(UTC).date().isoformat()
PUBLISHED = "2026-11-20T18:00:00Z"
TIERS = [("0", "1000000", "0.0011000000"), ("1000000", "5000000", "0.0009000000"), ("5000000", "Inf", "0.0007000000")]
FLAT = [("0", "Inf", "0.0000100000")]


def product(sku, usage_type, tiers, region="us-east-1", operation="", currency="USD", what="image"):
    """One product of the Price List, as GetProducts gives it (there as a JSON text)."""
    code = f"{sku}.JRTCKXETXF"
    dimensions = {
        f"{code}.{number:04d}": {
            "unit": "Images",
            "endRange": end,
            "description": f"${price} per {what} for {usage_type}",
            "appliesTo": [],
            "rateCode": f"{code}.{number:04d}",
            "beginRange": begin,
            "pricePerUnit": {currency: price},
        }
        for number, (begin, end, price) in enumerate(tiers)
    }
    attributes = {
        "regionCode": region,
        "servicecode": "AmazonRekognition",
        "locationType": "AWS Region",
        "location": "US East (N. Virginia)",
        "usagetype": usage_type,
        "operation": operation,
        "servicename": "Amazon Rekognition",
    }
    term = {"priceDimensions": dimensions, "sku": sku, "effectiveDate": PUBLISHED, "offerTermCode": "JRTCKXETXF"}
    return {
        "product": {"productFamily": "Image Analysis", "attributes": attributes, "sku": sku},
        "serviceCode": "AmazonRekognition",
        "terms": {"OnDemand": {code: {**term, "termAttributes": {}}}},
        "version": "20261120180000",
        "publicationDate": PUBLISHED,
    }


LIST = [
    product("AAAA1", "USE1-Group1-ImagesProcessed", TIERS),
    product("AAAA2", "USE1-Group2-ImagesProcessed", TIERS),
    product("AAAA3", "USE1-Group2-AsyncImagesProcessed", [("0", "Inf", "0.0005000000")]),
    product("AAAA4", "EUC1-Group2-ImagesProcessed", TIERS[2:], region="eu-central-1"),  # does not begin at 0
    product("AAAA5", "USE1-FaceVectorsStored", FLAT),
    product("AAAA6", "EUN1-FaceVectorsStored", FLAT, region="eu-north-1"),
    product("AAAA7", "USE1-MinutesOfVideoProcessed", [("0", "Inf", "0.1100000000")]),
    product("AAAA8", "USE1-MinutesOfVideoProcessed", [("0", "Inf", "0.1200000000")], operation="StartLabelDetection"),
    product("AAAA9", "USE1-inferenceminutes", [("0", "Inf", "0.0700000000")]),
    product("AAAB1", "USE1-UserVectorsStored", [("0", "Inf", "0.0000000000")]),
    product("AAAB2", "CNN1-Group2-ImagesProcessed", TIERS, region="cn-north-1", currency="CNY"),
]


def quota(name, value, code):
    return {
        "ServiceCode": "rekognition",
        "ServiceName": "Amazon Rekognition",
        "QuotaArn": f"arn:aws:servicequotas:us-east-1:123456789012:rekognition/{code}",
        "QuotaCode": code,
        "QuotaName": name,
        "Value": value,
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }


TPS = "Transactions per second per account for the Amazon Rekognition Image operation"
DEFAULTS = [
    quota(f"{TPS} DetectLabels", 50.0, "L-00000001"),
    quota(f"{TPS} DetectFaces", 100.0, "L-00000002"),
    quota("Transactions per second per account for GetFaceDetection and GetLabelDetection", 20.0, "L-00000003"),
    quota("Maximum number of faces in a collection", 20_000_000.0, "L-00000004"),
]
APPLIED = [quota(f"{TPS} DetectLabels", 120.0, "L-00000001")]


class Aws(BaseHTTPRequestHandler):
    """Pricing and Service Quotas over AWS JSON 1.1, two entries a page."""

    answers: dict[str, tuple[str, list]]  # operation -> (name of the list, its entries)
    asked: list[tuple[str, dict]]

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers["X-Amz-Target"].split(".")[1]
        self.asked.append((operation, body))
        if operation not in self.answers:
            self.reply(400, {"__type": "AccessDeniedException", "message": f"not allowed: {operation}"})
            return
        name, entries = self.answers[operation]
        at = int(body.get("NextToken") or 0)
        page = {name: entries[at : at + 2]} | ({"NextToken": str(at + 2)} if at + 2 < len(entries) else {})
        self.reply(200, page | ({"FormatVersion": "aws_v1"} if operation == "GetProducts" else {}))

    def reply(self, status, document):
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


@pytest.fixture
def aws(monkeypatch, tmp_path):
    handler = type("Handler", (Aws,), {"answers": {}, "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SERVICE_QUOTAS", url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("REKSCAN_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    yield handler
    server.shutdown()
    thread.join()
    server.server_close()


def run(function, *argv):
    app = App(result_action="return_value")
    app.default(function)
    return app(argv, exit_on_error=False)


def test_the_query_api_replaces_what_it_is_certain_of(aws, capsys):
    aws.answers["GetProducts"] = ("PriceList", [json.dumps(document) for document in LIST])
    assert run(prices, "--refresh", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["as_of"] == "2026-11-20"
    assert document["source"].startswith("AWS Price List Query API; rows it lacks: bundled")
    assert {(row["meter"], row["region"]) for row in document["refresh"]["taken"]} == {
        ("image-group-1", "us-east-1"),
        ("image-group-2", "us-east-1"),
        ("face-vectors", "us-east-1"),
        ("face-vectors", "eu-north-1"),
        ("video-labels", "us-east-1"),
        ("custom-labels-inference", "us-east-1"),
    }
    assert document["refresh"]["ignored"] == ["USE1-Group2-AsyncImagesProcessed"]
    assert [body["ServiceCode"] for _, body in aws.asked] == ["AmazonRekognition"] * 6


def test_what_is_not_certain_is_refused_aloud_and_the_old_row_stays(aws, capsys):
    aws.answers["GetProducts"] = ("PriceList", [json.dumps(document) for document in LIST])
    assert run(prices, "--refresh") == 0
    said = capsys.readouterr().err
    assert "refused USE1-MinutesOfVideoProcessed (AAAA7, us-east-1): it may be any of video-labels, video-mod" in said
    assert "refused EUC1-Group2-ImagesProcessed (AAAA4, eu-central-1): its tiers do not go on from zero" in said
    assert "refused USE1-UserVectorsStored (AAAB1, us-east-1): it has a price of zero" in said
    assert "refused CNN1-Group2-ImagesProcessed (AAAB2, cn-north-1): a price of it cannot be read" in said
    table, before = stored_prices(), PriceTable.bundled()
    assert table.price("image-group-2", "us-east-1", 2_000_000).usd == 1100 + 900
    assert table.price("video-labels", "us-east-1", 10).usd == Decimal("1.2")
    assert table.price("custom-labels-inference", "us-east-1", 1).usd == Decimal("4.2")  # 60 minutes
    assert table.price("user-vectors", "us-east-1", 1).usd == before.price("user-vectors", "us-east-1", 1).usd
    old = table.tiers("image-group-2", "eu-central-1")
    assert [tier.usd for tier in old] == [tier.usd for tier in before.tiers("image-group-2", "eu-central-1")]
    assert {tier.as_of for tier in old} == {"2026-09-11"}
    assert {tier.as_of for tier in table.tiers("image-group-2", "us-east-1")} == {"2026-11-20"}
    assert table.tiers("image-group-2", "cn-north-1") == ()


def test_two_skus_of_one_meter_at_two_prices_are_both_refused(aws, capsys):
    twice = [*LIST[:2], product("AAAA0", "USE1-Group2-ImagesProcessed", FLAT)]
    aws.answers["GetProducts"] = ("PriceList", [json.dumps(document) for document in twice])
    assert run(prices, "--refresh") == 0
    assert "AAAA2, AAAA0 are all image-group-2 in us-east-1, at different prices" in capsys.readouterr().err
    assert stored_prices().tiers("image-group-2", "us-east-1")[0].as_of == "2026-09-11"


def test_a_list_of_nothing_known_or_a_refusal_changes_nothing(aws):
    aws.answers["GetProducts"] = ("PriceList", [json.dumps(LIST[2])])
    with pytest.raises(RekscanError, match="nothing of this price list can be used"):
        run(prices, "--refresh")
    del aws.answers["GetProducts"]
    with pytest.raises(RekscanError, match="AccessDenied") as caught:
        run(prices, "--refresh")
    assert "--from FILE" in caught.value.do
    assert stored_prices() == PriceTable.bundled()


ARCHIVED = "MinsOfArchVideoProcessed"
MINUTE = [("0", "Inf", "0.1300000000")]
SIX = ["video-celebrities", "video-face-search", "video-faces", "video-labels", "video-moderation", "video-text"]


def taken(aws, capsys, *documents):
    aws.answers["GetProducts"] = ("PriceList", [json.dumps(document) for document in (LIST[0], *documents)])
    assert run(prices, "--refresh", "--json") == 0
    refreshed = json.loads(capsys.readouterr().out)["refresh"]
    return sorted(row["meter"] for row in refreshed["taken"] if row["meter"].startswith("video"))


def test_one_sku_of_archived_video_is_the_price_of_six_apis(aws, capsys):
    sku = product("AAAV1", f"EUC1-{ARCHIVED}", MINUTE, region="eu-central-1", what="minute")
    assert taken(aws, capsys, sku) == SIX
    for meter in SIX:
        assert stored_prices().price(meter, "eu-central-1", 10).usd == Decimal("1.3")
        assert stored_prices().price(meter, "us-east-1", 10).usd == 1
    assert stored_prices().tiers("video-segments-shot", "eu-central-1") == ()


def test_a_sku_that_names_its_operation_is_the_price_of_one(aws, capsys):
    sku = product("AAAV2", f"USE1-{ARCHIVED}", MINUTE, operation="StartTextDetection", what="minute")
    assert taken(aws, capsys, sku) == ["video-text"]


def test_segments_are_told_apart_by_their_type(aws, capsys):
    def segments(name, what):
        return product(name, f"USE1-{ARCHIVED}", MINUTE, operation="StartSegmentDetection", what=what)

    shot, cue = segments("AAAV3", "minute of Shot detection"), segments("AAAV4", "minute of Technical-Cue detection")
    assert taken(aws, capsys, shot, cue) == ["video-segments-shot", "video-segments-technical-cue"]
    assert taken(aws, capsys, segments("AAAV5", "minute")) == []


def offer_json(documents):
    terms = {row["product"]["sku"]: row["terms"]["OnDemand"] for row in documents}
    products = {row["product"]["sku"]: row["product"] for row in documents}
    about = {
        "formatVersion": "v1.0",
        "disclaimer": "...",
        "offerCode": "AmazonRekognition",
        "version": "20261120180000",
    }
    return json.dumps(about | {"publicationDate": PUBLISHED, "products": products, "terms": {"OnDemand": terms}})


def offer_csv(documents):
    out = io.StringIO()
    write = csv.writer(out, quoting=csv.QUOTE_ALL)
    write.writerows([["FormatVersion", "v1.0"], ["Disclaimer", "..."], ["Publication Date", PUBLISHED]])
    write.writerows([["Version", "20261120180000"], ["OfferCode", "AmazonRekognition"]])
    names = ["SKU", "OfferTermCode", "RateCode", "TermType", "PriceDescription", "EffectiveDate", "StartingRange"]
    names += ["EndingRange", "Unit", "PricePerUnit", "Currency", "serviceCode", "Region Code", "usageType", "operation"]
    write.writerow(names)
    for row in documents:
        attributes = row["product"]["attributes"]
        for term in row["terms"]["OnDemand"].values():
            for each in term["priceDimensions"].values():
                ((currency, price),) = each["pricePerUnit"].items()
                head = [row["product"]["sku"], "JRTCKXETXF", each["rateCode"], "OnDemand", each["description"]]
                head += [PUBLISHED[:10], each["beginRange"], each["endRange"], each["unit"], price, currency]
                tail = ["AmazonRekognition", attributes["regionCode"], attributes["usagetype"], attributes["operation"]]
                write.writerow(head + tail)
    return out.getvalue()


@pytest.mark.parametrize("name, write", [("index.json", offer_json), ("index.csv", offer_csv)])
def test_a_downloaded_offer_file_says_the_same_as_the_query_api(aws, tmp_path, capsys, name, write):
    aws.answers["GetProducts"] = ("PriceList", [json.dumps(document) for document in LIST])
    run(prices, "--refresh", "--json")
    by_api = json.loads(capsys.readouterr().out)
    file = tmp_path / name
    file.write_text(write(LIST))
    assert run(prices, "--from", str(file), "--json") == 0
    by_file = json.loads(capsys.readouterr().out)
    assert by_file["meters"] == by_api["meters"]
    assert by_file["refresh"] == by_api["refresh"]
    assert by_file["source"].startswith(f"AWS Price List offer file {name}; ")


@pytest.mark.parametrize(
    "content", ["", "{}", "a,b\n1,2\n", offer_json(LIST).replace("AmazonRekognition", "AmazonEC2")]
)
def test_another_file_is_refused(aws, tmp_path, content):
    file = tmp_path / "index.json"
    file.write_text(content)
    with pytest.raises(RekscanError, match="offer file"):
        run(prices, "--from", str(file))


def test_every_printed_price_has_its_date_and_confidence(aws, capsys):
    assert run(prices, "--meter", "image-group-2", "--region", "eu-central-1") == 0
    out = capsys.readouterr().out
    lines = [line.split() for line in out.splitlines()]
    assert ["image-group-2", "eu-central-1", "0", "1,000,000", "$0.0012", "image", "price-list", "2026-09-11"] in lines
    assert "2026-09-11" in out and "inferred: computed from another Region" in out


def test_the_accounts_own_quotas_are_read_by_name(aws, capsys):
    aws.answers["ListAWSDefaultServiceQuotas"] = ("Quotas", DEFAULTS)
    aws.answers["ListServiceQuotas"] = ("Quotas", APPLIED)
    assert run(quotas, "--refresh", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["refresh"]["taken"] == {"DetectLabels": 120, "DetectFaces": 100}
    assert document["refresh"]["unread"] == [DEFAULTS[2]["QuotaName"], DEFAULTS[3]["QuotaName"]]
    assert document["operations"]["DetectLabels"] == {"tps": 120, "confidence": "service-quotas", "as_of": TODAY}
    assert document["operations"]["DetectText"] == {"tps": 50, "confidence": "aws-text", "as_of": "2026-11-22"}
    table = stored_quotas()
    assert table.tps("DetectLabels", "us-east-1") == 120
    assert table.tps("DetectLabels", "us-west-2") == 50  # another Region, another quota
    assert table.source.startswith("Service Quotas of this account in us-east-1; the rest: AWS General Reference")


def test_an_increase_is_written_with_the_codes_and_values_that_service_quotas_has(aws, capsys):
    aws.answers["ListAWSDefaultServiceQuotas"] = ("Quotas", DEFAULTS)
    aws.answers["ListServiceQuotas"] = ("Quotas", APPLIED)
    line = ["--request", "--refresh", "--images", "10000000", "--api", "labels", "--within", "8"]
    assert run(quotas, *line, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    (wanted,) = document["requests"]
    assert (wanted["quota_code"], wanted["tps_now"], wanted["desired_value"]) == ("L-00000001", 120, 348)
    assert run(quotas, *line) == 0
    assert "--quota-code L-00000001 --desired-value 348" in capsys.readouterr().out
    assert run(quotas, "--request", "--images", "5", "--api", "index-faces,moderation") == 0  # as `estimate` takes them
    assert "No increase is needed" in capsys.readouterr().out
    with pytest.raises(UsageError, match="are of --request"):
        run(quotas, "--images", "5")
    with pytest.raises(UsageError) as caught:
        run(quotas, "--request", "--api", "labels")
    assert caught.value.do == "Give a SOURCE or --images."


def test_quotas_that_name_no_operation_change_nothing(aws):
    aws.answers["ListAWSDefaultServiceQuotas"] = ("Quotas", DEFAULTS[3:])
    aws.answers["ListServiceQuotas"] = ("Quotas", [])
    with pytest.raises(RekscanError, match="names no rate"):
        run(quotas, "--refresh")
    del aws.answers["ListServiceQuotas"]
    with pytest.raises(RekscanError, match="did not answer"):
        run(quotas, "--refresh")


def test_quotas_say_what_a_region_lacks(aws, capsys):
    assert run(quotas, "--region", "ca-central-1") == 0
    out = capsys.readouterr().out
    assert "DetectFaces" in out and "DetectLabels is not one" in out
