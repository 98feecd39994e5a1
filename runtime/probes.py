"""How a service is, to those who watch over it: /health, /ready and /metrics, on a port of its own.

A small HTTP server that never gets in the way: it answers one question a connection, within a time limit, and a port
that is taken is said and tried again while the service does its work. `/health` says that the process answers,
`/ready` (200, or 503 with the reasons in words) that it does its work, `/metrics` the figures for Prometheus.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from http import HTTPStatus
from typing import NamedTuple

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest

log = structlog.get_logger()

ANSWERS_WITHIN = 5.0
PORT_AGAIN_AFTER = 10.0
_ASKED_WITHIN = 5.0
_JSON = "application/json"

Address = tuple[str, int]
"""Host and port."""
NOWHERE: Address = ("127.0.0.1", 0)

Reasons = Callable[[], Awaitable[Sequence[str]]]
"""Measures the service anew (its gauges) and returns why it is not ready, in words: nothing where it is."""


class Probe(NamedTuple):
    """What a service can be asked."""

    reasons: Reasons
    registry: CollectorRegistry = REGISTRY


class _Answer(NamedTuple):
    status: HTTPStatus
    kind: str
    body: bytes


async def serve_probes(host: str, port: int, probe: Probe) -> None:
    """Answer until cancelled; port 0 answers nothing."""
    while port:
        try:
            server = await asyncio.start_server(partial(_serve, probe), host, port)
        except OSError as error:
            log.warning(
                "no /health, /ready and /metrics: the port cannot be had", action="probes", port=port, error=str(error)
            )
            await asyncio.sleep(PORT_AGAIN_AFTER)
        else:
            async with server:
                await server.serve_forever()
    await asyncio.Event().wait()


async def _serve(probe: Probe, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        async with asyncio.timeout(_ASKED_WITHIN + ANSWERS_WITHIN):
            request = await reader.readuntil(b"\r\n\r\n")
            answer = await answered(probe, request.split(b"\r\n", 1)[0].decode("latin-1"))
            writer.write(_head(answer) + answer.body)
            await writer.drain()
    except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass  # whoever asked has gone, or asks nothing
    finally:
        writer.close()


async def answered(probe: Probe, request: str) -> _Answer:
    """Answer a request line, `GET /ready HTTP/1.1`."""
    method, _, rest = request.partition(" ")
    path = rest.partition(" ")[0].partition("?")[0]
    if method != "GET" or path not in {"/health", "/ready", "/metrics"}:
        return _json(HTTPStatus.NOT_FOUND, {"detail": "expected GET /health, /ready or /metrics"})
    if path == "/health":
        return _json(HTTPStatus.OK, {"status": "alive"})
    reasons = await _reasons(probe)
    if path == "/metrics":
        return _Answer(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(probe.registry))
    status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
    return _json(status, {"ready": not reasons, "reasons": reasons})


async def _reasons(probe: Probe) -> list[str]:
    try:
        async with asyncio.timeout(ANSWERS_WITHIN):
            return list(await probe.reasons())
    except TimeoutError:
        return [f"it could not be told within {ANSWERS_WITHIN:g} s how the service is"]
    except Exception as error:  # whatever it is, whoever asks must hear of it, and the service goes on
        log.exception("how the service is could not be told", action="probes")
        return [f"it could not be told how the service is ({type(error).__name__})"]


def _json(status: HTTPStatus, body: object) -> _Answer:
    return _Answer(status, _JSON, json.dumps(body).encode())


def _head(answer: _Answer) -> bytes:
    lines = (
        f"HTTP/1.1 {answer.status.value} {answer.status.phrase}",
        f"Content-Type: {answer.kind}",
        f"Content-Length: {len(answer.body)}",
        "Cache-Control: no-store",
        "Connection: close",
        "",
        "",
    )
    return "\r\n".join(lines).encode()
