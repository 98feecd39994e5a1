"""Worlds side by side: each process has a database of its own, and lives one seed after another in it."""

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

from tests.simulation.database import Database
from tests.simulation.run import Outcome, run

_here: list[Database] = []  # this process's, as the pool's initializer can keep it nowhere else


def outcomes(server_url: str, seeds: Sequence[int], workers: int, *, keep_story: bool = False) -> Iterator[Outcome]:
    """Yield what came of each seed: in order with one worker, else as each is done."""
    if workers <= 1:
        database = Database(server_url, f"simulation_{os.getpid()}")
        try:
            yield from (run(seed, database, keep_story=keep_story) for seed in seeds)
        finally:
            database.close()
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, spawn, initializer=_open, initargs=(server_url,)) as pool:
        waiting = [pool.submit(_one, seed, keep_story=keep_story) for seed in seeds]
        try:
            for done in as_completed(waiting):
                yield done.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _open(server_url: str) -> None:
    _here.append(Database(server_url, f"simulation_{os.getpid()}"))


def _one(seed: int, *, keep_story: bool) -> Outcome:
    return run(seed, _here[0], keep_story=keep_story)
