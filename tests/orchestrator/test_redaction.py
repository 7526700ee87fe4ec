"""What looks like a secret never gets into a log, a reason or a diff; what does not stays readable."""

import pytest

from orchestrator.redaction import redact

SECRETS = [
    ("postgresql://me:hunter22@db.example/optuna", "hunter22"),
    ("s3://b/p?endpoint=http://minio:s3cr3t-pw@10.0.0.1:9000", "s3cr3t-pw"),
    ("denied for AKIAIOSFODNN7EXAMPLE today", "AKIAIOSFODNN7EXAMPLE"),
    ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI"),
    ('+    api_key="abcdef123456"', "abcdef123456"),
    ("+password: correcthorse", "correcthorse"),
    ("Authorization: Bearer eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl", "eyJzdWIiOiIx"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----", "MIIE"),
    ("-----BEGIN PRIVATE KEY-----\nMIIEcutoff", "MIIE"),
    ("push with ghp_abcdefghijklmnopqrst", "ghp_abcdefghijklmnopqrst"),
]


@pytest.mark.parametrize(("text", "secret"), SECRETS, ids=[secret for _, secret in SECRETS])
def test_secrets_of_known_shapes_are_hidden(text, secret):
    assert secret not in redact(text, {})
    assert "***" in redact(text, {})


def test_values_of_secret_variables_are_hidden_wherever_they_appear():
    environment = {"AWS_SECRET_ACCESS_KEY": "x1y2z3w4", "RAY_AUTH_TOKEN": "feedbeef", "HOME": "/home/me"}
    text = redact("ValueError: x1y2z3w4 and feedbeef in /home/me", environment)
    assert text == "ValueError: *** and *** in /home/me"


@pytest.mark.parametrize(
    "text",
    [
        "ValueError: no pictures (dataset.py:12)",
        "trial 3: gmi done in 12.3 s",
        "s3://bucket/prefix?endpoint=http://127.0.0.1:5000&region=us-east-1",
        "+    tokens = load_tensors(store)",
        "key = identity(config)",
        "monkey: banana-bread",
    ],
)
def test_other_text_stays_as_it_is(text):
    assert redact(text, {"HOME": "/home/me", "MONKEY": "banana-bread", "TOKEN": "12"}) == text
