"""Only what our account's token signed is taken for Twilio's. Vectors: those the SDK's own tests use."""

import pytest
from starlette.datastructures import FormData
from twilio.request_validator import RequestValidator

from alerting.signature import genuine
from runtime.settings import Settings

FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
    "Caller": "+14158675309",
}
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def _settings(token: str = "12345", public_url: str = "") -> Settings:  # noqa: S107 - the vector's, known to all
    return Settings(twilio_auth_token=token, public_url=public_url)


def test_twilios_own_vector_is_genuine() -> None:
    assert genuine(_settings(), URL, FORM, SIGNATURE)
    assert genuine(_settings(), URL.replace(".com/", ".com:443/"), FORM, SIGNATURE)


def test_behind_a_proxy_the_public_address_counts() -> None:
    settings = _settings(public_url="https://mycompany.com")
    assert genuine(settings, "http://127.0.0.1:8000/myapp.php?foo=1&bar=2", FORM, SIGNATURE)
    assert not genuine(
        _settings(public_url="https://other.example"), "http://127.0.0.1:8000/myapp.php?foo=1&bar=2", FORM, SIGNATURE
    )


@pytest.mark.parametrize(
    ("settings", "url", "form", "signature"),
    [
        (_settings("54321"), URL, FORM, SIGNATURE),
        (_settings(""), URL, FORM, SIGNATURE),
        (_settings(), URL + "3", FORM, SIGNATURE),
        (_settings(), URL, {**FORM, "Digits": "1235"}, SIGNATURE),
        (_settings(), URL, FORM, ""),
        (_settings(), URL, FORM, "RSOYDt4T1cUTdK1PDd93/VVr8B9="),
        (_settings(), URL, FORM, "\u00e9" * 28),
    ],
)
def test_everything_else_is_not(settings: Settings, url: str, form: dict[str, str], signature: str) -> None:
    assert not genuine(settings, url, form, signature)


def test_without_a_token_even_a_signature_made_with_none_is_refused() -> None:
    assert not genuine(_settings(""), URL, FORM, RequestValidator("").compute_signature(URL, FORM))


def test_a_form_as_the_web_server_gives_it_with_a_repeated_field() -> None:
    form = FormData([("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234")])
    assert genuine(_settings(), "https://mycompany.com/myapp.php?foo=1&bar=2", form, "IK+Dwps556ElfBT0I3Rgjkr1wJU=")
