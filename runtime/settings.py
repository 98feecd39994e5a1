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
    metrics_port: int = Field(default=0, ge=0, le=65535)  # /health, /ready and /metrics of this service; 0: none
    canaries: int = Field(default=1, ge=1, le=100)  # how many canary homes there are
    canary_areas: str = ""  # dealt to them in turn, with commas between
    watch_every: float = Field(default=60.0, ge=1, le=60)  # s between the watcher's presses
    watch_homes: str = ""  # whose pendants this watcher presses, with commas between; empty: all canary homes'
    watch_desk: str = ""  # where it looks for them; empty: public_url
    watch_token: str = ""  # known to the watcher and the console: lists canaries' alarms, and nothing else
    watch_to: str = ""  # telephone numbers told when a press is not at the desk in time, with commas between
    heartbeat_url: str = ""  # called while all is well: an outside service notices when it no longer is
    log_format: Literal["json", "console"] = "json"


def settings_in_words(error: ValidationError) -> str:
    """Say in one line which setting is wrong and what was expected."""
    first = error.errors()[0]
    name = "_".join(("TELECARE", *(str(part).upper() for part in first["loc"])))
    return f"{name} is {first['input']!r}: {first['msg'][0].lower()}{first['msg'][1:]}"
