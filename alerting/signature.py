"""Is a webhook really Twilio's? Whoever signs with our account's token is; everybody else changes nothing."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped] # the SDK has no types

from runtime.settings import Settings


def genuine(settings: Settings, url: str, form: Mapping[str, Any], signature: str) -> bool:
    """Tell whether the request was signed for us.

    `url` is the request's own with its query. Behind a proxy Twilio signed the address it knows, the public
    one: both are tried. Without an account nothing is genuine.
    """
    if not settings.twilio_auth_token or not signature:
        return False
    validator = RequestValidator(settings.twilio_auth_token)
    return any(validator.validate(address, form, signature) for address in _addresses(settings, url))


def _addresses(settings: Settings, url: str) -> list[str]:
    if not settings.public_url:
        return [url]
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return [settings.public_url.rstrip("/") + path, url]
