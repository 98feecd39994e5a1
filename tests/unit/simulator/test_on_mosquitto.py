"""Simulated homes and the installer's device on Mosquitto: the stories told of NATS, told again."""

import pytest

from tests.conftest import BrokerAddress
from tests.unit.simulator import test_device as of_devices
from tests.unit.simulator import test_living as of_homes

pytestmark = pytest.mark.mosquitto

listener = of_devices.listener

test_the_broker_has_it_when_send_returns = of_devices.test_the_broker_has_it_when_send_returns
test_the_command_says_that_the_broker_has_it = of_devices.test_the_command_says_that_the_broker_has_it
test_a_home_is_online_while_it_lives_and_offline_when_it_was_stopped = (
    of_homes.test_a_home_is_online_while_it_lives_and_offline_when_it_was_stopped
)


@pytest.fixture
def broker(mosquitto: BrokerAddress) -> BrokerAddress:
    """Take NATS' place."""
    return mosquitto
