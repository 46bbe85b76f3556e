"""Processes that work for this one, and end when it ends."""

from __future__ import annotations

import pickle
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, connection, get_context, parent_process
from os import _exit
from pathlib import Path
from typing import Any
from uuid import uuid4

from hotspots.errors import OutputError

__all__ = ["worker_pool"]


@contextmanager
def worker_pool(
    number: int, prepare: Callable[[Any], None], given: object, *, folder: Path
) -> Iterator[ProcessPoolExecutor]:
    """Give a pool of processes; none of them outlives this process or an error in it.

    Parameters
    ----------
    number
        Number of processes.
    prepare, given
        Called in every process when it starts, with this argument.
    folder
        Where `given` is written for them to read.

    Raises
    ------
    OutputError
        If a process was ended from outside, as a system short of memory does.
    """
    # By a file: what is sent through the pipe of a process that ends while it starts blocks the sender for ever.
    letter = folder / f".{uuid4().hex}.pickle"
    others = set(active_children())
    # Started afresh and not forked: the same on every system, and safe where this process has threads.
    pool = ProcessPoolExecutor(number, get_context("spawn"), initializer=_start, initargs=(prepare, letter))
    try:
        letter.write_bytes(pickle.dumps(given, protocol=pickle.HIGHEST_PROTOCOL))
        yield pool
        pool.shutdown()
    except BrokenProcessPool as error:
        raise OutputError(
            "A process that draws maps was ended from outside.",
            found="most often the system was short of memory",
            advice="close other programs and run again, or draw in one process: workers=1 in Python",
        ) from error
    finally:
        # After an error nobody waits for maps that nobody will see.
        for process in set(active_children()) - others:
            process.terminate()
        pool.shutdown(cancel_futures=True)
        letter.unlink(missing_ok=True)


def _start(prepare: Callable[[Any], None], letter: Path) -> None:
    """Prepare a process of the pool."""
    # The parent decides what an interrupt means; it reaches all processes of a terminal.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    prepare(pickle.loads(letter.read_bytes()))


def _end_with_parent() -> None:
    """Wait until the parent has ended, killed or not, and end this process too."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        _exit(1)
