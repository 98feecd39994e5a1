"""Logs go to standard error as it is when they are written, one line a happening."""

import json
import sys

import pytest
import structlog

from runtime.logs import configure_logs


def test_a_logger_outlives_a_redirection_of_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json")
    log = structlog.get_logger()
    log.info("first", action="try")
    with open("/dev/null", "w") as elsewhere:  # noqa: PTH123 - a stream to close, not a file to read
        kept, sys.stderr = sys.stderr, elsewhere
        log.info("second", action="try")
        sys.stderr = kept
    log.info("third", action="try")
    said = [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]
    assert said == ["first", "third"]
