"""Where the database and the broker are: as set, or as the all-in-one in the data directory says."""

from runtime.settings import Settings
from telecare.refusal import Refusal


def database_address(settings: Settings) -> str:
    """Return the database's URL; Refusal where none is set and no embedded one runs."""
    if settings.database_url:
        return settings.database_url
    from runtime.embedded import EmbeddedError, database_url  # noqa: PLC0415 - needed only where none is set

    try:
        return database_url(settings.data_dir)
    except EmbeddedError as error:
        raise Refusal(str(error)) from error


def broker_address(settings: Settings) -> str:
    """Return the broker's URL; Refusal where none is set and no embedded one was made."""
    if settings.mqtt_url:
        return settings.mqtt_url
    from runtime.embedded import EmbeddedError, gateway_url  # noqa: PLC0415 - needed only where none is set

    try:
        return gateway_url(settings.data_dir)
    except EmbeddedError as error:
        raise Refusal(str(error)) from error
