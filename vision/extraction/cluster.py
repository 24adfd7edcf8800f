"""The one place that imports Dask: workers of this machine or of a cluster, and tasks of which few are on their way."""

from __future__ import annotations

import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from vision.errors import BadSetting, VisualSearchError, WorkersUnavailable

AHEAD: Final = 4
"""Tasks on their way for each thread of a worker, its own included."""

_PATIENCE_S: Final = 30.0
_START_S: Final = 120.0
_LOOK_S: Final = 2.0
_INSTALL: Final = "pip install 'solr-visual-search[distributed]'"

_LOCAL: Final[Mapping[str, Any]] = {
    # Dask's web pages ask nobody for a password: these have nothing to show.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    # Sampling what workers do, and giving memory back after each picture, take a tenth of the processors' time.
    "distributed.worker.profile.enabled": False,
    "distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
}

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Cluster:
    """Workers that take tasks."""

    client: Any
    where: str

    def machines(self) -> Mapping[str, int]:
        """The workers by their addresses, and of each how many are on its machine."""
        known = self._known()
        hosts = Counter(each["host"] for each in known.values())
        return {address: hosts[each["host"]] for address, each in known.items()}

    def on_each(self, task: Callable[[int], R]) -> dict[str, R]:
        """What a task says on each worker that there is, given how many workers are on its machine.

        Raises:
            WorkersUnavailable, VisualSearchError: as :meth:`in_order`.
        """
        running = {
            address: self.client.submit(task, beside, workers=[address], pure=False, key=f"greet-{address}")
            for address, beside in self.machines().items()
        }
        return {address: self._result(future, address) for address, future in running.items()}

    def in_order(self, name: str, task: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, R]]:
        """Each item with what the task made of it, in order; no more items are taken than workers will soon want.

        A worker that dies is replaced, and its task is done again, by whichever is free.

        Raises:
            WorkersUnavailable: there are none, or one task has killed four.
            VisualSearchError: what a task raised on purpose.
        """
        running: deque[tuple[T, Any]] = deque()
        try:
            for number, item in enumerate(items):
                running.append((item, self.client.submit(task, item, pure=False, key=f"{name}-{number}")))
                if len(running) >= self._width():
                    done, future = running.popleft()
                    yield done, self._result(future)
            while running:
                done, future = running.popleft()
                yield done, self._result(future)
        finally:
            for _, future in running:
                future.cancel()

    def _known(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.client.scheduler_info(n_workers=-1)["workers"]
        return found

    def _width(self) -> int:
        return AHEAD * max(2, sum(int(each["nthreads"]) for each in self._known().values()))

    def _wait(self, future: Any, address: str | None) -> None:
        """Return when a task is done; where nobody is left who could do it, that is waited for, but not for ever."""
        done = threading.Event()
        future.add_done_callback(lambda _: done.set())
        lonely = time.monotonic() + _PATIENCE_S
        while not done.wait(_LOOK_S):
            known = self._known()
            if known if address is None else address in known:
                lonely = time.monotonic() + _PATIENCE_S
            elif time.monotonic() > lonely:
                who = "no worker is left" if address is None else f"the worker at {address} is gone"
                raise WorkersUnavailable(f"{self.where}: {who}; what is extracted is kept, run the same command again")

    def _result(self, future: Any, address: str | None = None) -> Any:
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        try:
            self._wait(future, address)
            return future.result()
        except VisualSearchError:
            raise
        except KilledWorker as error:
            raise WorkersUnavailable(
                f"the task {error.task} ended {error.allowed_failures + 1} workers one after another: out of memory, "
                "or a picture that the extractor does not survive; what is extracted is kept, try fewer --workers"
            ) from error
        except (FutureCancelledError, OSError) as error:
            raise WorkersUnavailable(
                f"the workers of {self.where} were lost ({type(error).__name__}); what is extracted is kept, run the "
                "same command again"
            ) from error
        except (ImportError, AttributeError) as error:
            raise WorkersUnavailable(
                f"a worker of {self.where} cannot run this product ({error}); install the same version on all of them"
            ) from error


@contextmanager
def workers(scheduler: str | None, count: int) -> Iterator[Cluster]:
    """A cluster: the one of a scheduler's address, or ``count`` processes of this machine, until the block ends.

    Processes of this machine have one thread for tasks each, speak TLS with certificates of their own making, as
    whoever may connect may run code, and are replaced when they die.

    Raises:
        BadSetting: Dask is not installed, or the address is none.
        WorkersUnavailable: no scheduler or no worker answers.
    """
    with ExitStack() as stack:
        yield Cluster(_client(stack, scheduler, count), scheduler or "this machine")


def _client(stack: ExitStack, scheduler: str | None, count: int) -> Any:
    try:
        import dask
        import distributed
    except ImportError as error:
        raise BadSetting(f"several workers need Dask, which is not installed: {_INSTALL}") from error
    try:
        if scheduler is not None:
            client = stack.enter_context(distributed.Client(scheduler, timeout=_PATIENCE_S, set_as_default=False))
            client.wait_for_workers(1, timeout=_PATIENCE_S)
            return client
        folder = tempfile.TemporaryDirectory(prefix="visual-search-workers-", ignore_cleanup_errors=True)
        stack.enter_context(dask.config.set(_LOCAL))
        cluster = stack.enter_context(_local(count, stack.enter_context(folder)))
        client = stack.enter_context(distributed.Client(cluster, set_as_default=False))
        client.wait_for_workers(count, timeout=_START_S)
        return client
    except ValueError as error:
        raise BadSetting(f"--scheduler {scheduler!r} is no address: {error}; give it as tcp://host:8786") from error
    except (TimeoutError, OSError) as error:
        if scheduler is None:
            raise WorkersUnavailable(f"{count} workers did not start within {_START_S:.0f} s: {error}") from error
        raise WorkersUnavailable(
            f"no worker answers at {scheduler} within {_PATIENCE_S:.0f} s; see that `dask scheduler` and `dask worker` "
            "run, and that this machine may connect to them"
        ) from error


def _local(count: int, folder: str) -> Any:
    import logging

    import distributed

    return distributed.LocalCluster(
        n_workers=count,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        protocol="tls://",
        security=distributed.Security.temporary(),
        local_directory=folder,
        scheduler_kwargs={"dashboard": False},
        silence_logs=logging.CRITICAL,
        preload=["vision.extraction.quietly"],
    )
