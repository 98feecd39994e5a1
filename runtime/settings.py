"""Settings, all named TELECARE_*: from the environment, validated once at start."""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What a service needs to know of its surroundings. `docs/operations.md` lists them with their defaults."""

    model_config = SettingsConfigDict(env_prefix="TELECARE_", extra="ignore")

    database_url: str = ""  # empty: the embedded database in data_dir
    mqtt_url: str = ""  # mqtt://user:password@host:port; empty: the embedded broker
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=0, ge=0, le=65535)  # 0: a free one
    mqtt_port: int = Field(default=0, ge=0, le=65535)  # 0: a free one
    data_dir: Path = Path(".telecare")
    gateway: str = "1"  # names the gateway's MQTT sessions: keep it, or the old session's messages strand
    public_url: str = ""  # where Twilio and responders' phones reach us
    twilio_account_sid: str = ""
    twilio_auth_token: str = ""
    twilio_from: str = ""
    twilio_base_url: str = ""  # for a stand-in; empty: Twilio's own
    log_format: Literal["json", "console"] = "json"


def settings_in_words(error: ValidationError) -> str:
    """Say in one line which setting is wrong and what was expected."""
    first = error.errors()[0]
    name = "_".join(("TELECARE", *(str(part).upper() for part in first["loc"])))
    return f"{name} is {first['input']!r}: {first['msg'][0].lower()}{first['msg'][1:]}"
