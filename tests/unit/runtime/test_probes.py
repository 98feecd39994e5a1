"""A service's own port: it answers what is asked of it, and never gets in the service's way."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx
import pytest
from prometheus_client import CollectorRegistry, Gauge

from runtime import probes
from runtime.probes import Probe, serve_probes

FINE: Sequence[str] = ()


@asynccontextmanager
async def served(probe: Probe, port: int = 0) -> AsyncIterator[httpx.AsyncClient]:
    port = port or free()
    serving = asyncio.create_task(serve_probes("127.0.0.1", port, probe))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        async with asyncio.timeout(10):
            while not serving.done():
                try:
                    await client.get("/health")
                    break
                except httpx.ConnectError:
                    await asyncio.sleep(0.01)
        yield client
    serving.cancel()


def free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


async def test_it_tells_what_is_wrong_in_words_and_figures_measured_at_that_moment() -> None:
    registry = CollectorRegistry()
    lag = Gauge("telecare_lag_seconds", "How far behind.", registry=registry)
    wrong: list[str] = []

    async def reasons() -> Sequence[str]:
        lag.inc()
        return wrong

    async with served(Probe(reasons, registry)) as client:
        assert (await client.get("/health")).json() == {"status": "alive"}
        ready = await client.get("/ready")
        assert (ready.status_code, ready.json()) == (200, {"ready": True, "reasons": []})
        wrong.append("the monitor is 20 s behind")
        ready = await client.get("/ready?verbose")
        assert (ready.status_code, ready.json()["reasons"]) == (503, wrong)
        assert "telecare_lag_seconds 3.0" in (await client.get("/metrics")).text
        assert (await client.get("/people")).status_code == 404
        assert (await client.post("/ready")).status_code == 404


async def test_a_service_that_hangs_or_throws_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "ANSWERS_WITHIN", 0.05)

    async def hangs() -> Sequence[str]:
        await asyncio.Event().wait()
        return FINE

    async def throws() -> Sequence[str]:
        raise KeyError("surprise")

    async with served(Probe(hangs, CollectorRegistry())) as client:
        ready = await client.get("/ready")
        assert (ready.status_code, "could not be told within" in ready.json()["reasons"][0]) == (503, True)
        assert (await client.get("/health")).status_code == 200
    async with served(Probe(throws, CollectorRegistry())) as client:
        assert "(KeyError)" in (await client.get("/ready")).json()["reasons"][0]


async def test_a_port_that_is_taken_ends_nothing_and_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "PORT_AGAIN_AFTER", 0.01)

    async def fine() -> Sequence[str]:
        return FINE

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
        serving = asyncio.create_task(serve_probes("127.0.0.1", port, Probe(fine, CollectorRegistry())))
        await asyncio.sleep(0.05)
        assert not serving.done()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client, asyncio.timeout(10):
        while True:
            try:
                assert (await client.get("/ready")).status_code == 200
                break
            except httpx.ConnectError:
                await asyncio.sleep(0.01)
    serving.cancel()


async def test_who_asks_nothing_is_let_go() -> None:
    async def fine() -> Sequence[str]:
        return FINE

    async with served(Probe(fine, CollectorRegistry())) as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
        writer.write(b"x" * 100_000)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()
        assert (await client.get("/health")).status_code == 200
