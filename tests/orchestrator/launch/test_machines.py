"""What AWS says of machine types: answers in the shapes that it documents, and silence."""

import json

import pytest
from moto import mock_aws

from orchestrator.errors import Unreachable
from orchestrator.launch.machines import KNOWN, Aws
from tests.fixtures.deaf_port import deaf_port


@pytest.fixture
def aws(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return Aws("us-east-1")


def answering(monkeypatch, aws, **answers):
    """Let ``aws`` be answered with these, by the name of the question."""
    asked = []

    def ask(service, question, **words):
        asked.append((service, question, words))
        return answers.get(question)

    monkeypatch.setattr(aws, "_ask", ask)
    return asked


def test_credentials_are_found_where_boto3_finds_them(aws, monkeypatch, tmp_path):
    assert aws.has_credentials()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    assert not Aws("us-east-1").has_credentials()


@pytest.mark.slow
@mock_aws
@pytest.mark.parametrize("machine", sorted(KNOWN))
def test_what_is_known_here_is_what_aws_says(aws, machine):
    assert aws.resources(machine) == KNOWN[machine]


def test_a_spot_price_is_the_lowest_of_the_zones_now(aws, monkeypatch):
    history = [{"SpotPrice": "0.5012", "AvailabilityZone": "a"}, {"SpotPrice": "0.4301"}]
    (asked,) = [answering(monkeypatch, aws, describe_spot_price_history={"SpotPriceHistory": history})]
    price = aws.price("g5.2xlarge", spot=True)
    assert (price.usd_per_hour, "spot" in price.source) == (0.4301, True)
    assert asked[0][2]["InstanceTypes"] == ["g5.2xlarge"]


def test_a_list_price_is_read_from_the_price_list(aws, monkeypatch):
    dimension = {"unit": "Hrs", "pricePerUnit": {"USD": "1.2120000000"}}
    free = {"unit": "Hrs", "pricePerUnit": {"USD": "0.0000000000"}}
    product = json.dumps({"terms": {"OnDemand": {"x": {"priceDimensions": {"y": dimension, "z": free}}}}})
    asked = answering(monkeypatch, aws, get_products={"PriceList": [product]})
    assert aws.price("g5.2xlarge", spot=False).usd_per_hour == 1.212
    wanted = {one["Field"]: one["Value"] for one in asked[0][2]["Filters"]}
    assert (wanted["instanceType"], wanted["regionCode"]) == ("g5.2xlarge", "us-east-1")


def test_a_price_that_aws_does_not_give_is_none(aws, monkeypatch):
    answering(monkeypatch, aws, get_products={"PriceList": []}, describe_spot_price_history={})
    assert (aws.price("x", spot=True), aws.price("x", spot=False)) == (None, None)


def test_silence_is_unreachable_and_waited_for_once(aws, monkeypatch):
    with deaf_port() as port:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        with pytest.raises(Unreachable, match="does not answer"):
            aws.resources("g5.2xlarge")
    monkeypatch.setattr(aws._session, "client", lambda *_, **__: pytest.fail("AWS was asked again"))
    with pytest.raises(Unreachable):
        aws.price("g5.2xlarge", spot=True)
