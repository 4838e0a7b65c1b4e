"""Detection on a Ray cluster: workers of many machines, replaced when they or their machines are lost."""

import logging
import os
import socket
from collections.abc import Generator
from concurrent.futures import Future
from contextlib import closing, suppress
from typing import Any

from ship_det.memory import keep_freed_memory
from ship_det.processes import check_workers
from ship_det.scenes.engines import Engine, NextTask, run_crew
from ship_det.scenes.worker import Job, LoadDetector, Task, TaskResult, Worker

# Seconds until a worker has to be up: a cluster that grows on demand starts a machine meanwhile.
_PATIENCE = 900
# Seconds until a cluster's head has to answer.
_CONNECTION_PATIENCE = 20
# Bytes of the object store of a cluster of this machine alone, Ray's least: results are small and do not go there.
_OBJECT_STORE = 80 << 20


def ray_engine(
    load: LoadDetector, workers: int, cpus: float = 1, gpus: float = 0, patience: float = _PATIENCE
) -> Engine:
    """An engine of Ray actors: on the running cluster that ``RAY_ADDRESS`` names, else on one that is started here.

    A worker that dies, with its machine or alone, is replaced, and its tasks are done again. All machines need this
    package, and the scenes, the results and the detector's files under the same paths.

    Args:
        load: loads the detector in each worker.
        workers: actors.
        cpus: CPUs that each takes of what the cluster has.
        gpus: GPUs likewise; a share of one is enough where several fit on it.
        patience: seconds to wait for the first worker.

    Raises:
        ValueError: for no workers, Ray is not installed, or no machine here has what a worker takes.
        OSError: the cluster cannot be joined, or no worker starts, when it runs.
    """
    check_workers(workers)
    check_ray()

    def run(job: Job, next_task: NextTask) -> Generator[TaskResult, None, None]:
        first = next_task(0)
        if first is None:
            return
        with _Cluster(workers, cpus, gpus), closing(_RayCrew(job, load, workers, cpus, gpus)) as crew:
            yield from run_crew(crew, first, next_task, patience)

    return run


def check_ray() -> None:
    """Raise ValueError unless Ray is installed."""
    try:
        # Its dashboard reports how it is used.
        os.environ.setdefault('RAY_USAGE_STATS_ENABLED', '0')
        import ray  # noqa: F401
    except ModuleNotFoundError as error:
        raise ValueError(f"found no {error.name}: pip install '.[cluster]' installs it") from error


class _Cluster:
    """Joins a cluster within its block, or starts one here; what this process has joined already stays."""

    def __init__(self, workers: int, cpus: float, gpus: float) -> None:
        self._needed = workers, cpus, gpus
        self._is_ours = False

    def __enter__(self) -> None:
        import ray

        if ray.is_initialized():
            return
        address = os.environ.get('RAY_ADDRESS')
        workers, cpus, gpus = self._needed
        quiet: dict[str, Any] = {'log_to_driver': False, 'logging_level': logging.ERROR}
        try:
            if address:
                _check_address(address)
                ray.init(address, **quiet)
            else:
                # As many as are asked for: processes are not counted either.
                cores = max(os.cpu_count() or 1, int(workers * cpus + 0.999))
                ray.init('local', num_cpus=cores, object_store_memory=_OBJECT_STORE, include_dashboard=False, **quiet)
        except (OSError, RuntimeError, ValueError) as error:
            where = f'RAY_ADDRESS {address}: no cluster can be joined' if address else 'Ray cannot be started here'
            raise OSError(f'{where} ({error})') from error
        self._is_ours = True
        if not address and gpus > (found := ray.cluster_resources().get('GPU', 0)):
            self.__exit__()
            raise ValueError(
                f'--worker-gpus: found {found:g} GPUs here, expected at least {gpus:g}, which a worker takes'
            )

    def __exit__(self, *_: object) -> None:
        import ray

        if self._is_ours:
            ray.shutdown()


def _check_address(address: str) -> None:
    """Raise OSError where nobody listens at an address with a port, for which Ray would wait for minutes."""
    host, _, port = address.rpartition('://')[2].rpartition(':')
    if port.isdecimal():
        socket.create_connection((host, int(port)), timeout=_CONNECTION_PATIENCE).close()


class _RayCrew:
    """Ray actors."""

    def __init__(self, job: Job, load: LoadDetector, workers: int, cpus: float, gpus: float) -> None:
        import ray

        self._actor_class: Any = ray.remote(num_cpus=cpus, num_gpus=gpus, max_restarts=0, max_task_retries=0)(_Actor)
        # Sent once a machine, however many workers it has.
        self._job, self._load = ray.put(job), load
        self._actors: list[Any] = [None] * workers
        self._needed = f'each takes {cpus:g} CPUs and {gpus:g} GPUs (--worker-cpus, --worker-gpus)'

    def __len__(self) -> int:
        return len(self._actors)

    def start(self, index: int) -> Future:
        # One that cannot be reached may be alive.
        self._end(self._actors[index])
        self._actors[index] = actor = self._actor_class.remote()
        return actor.start.remote(self._job, self._load).future()

    def submit(self, index: int, task: Task) -> Future:
        return self._actors[index].run.remote(task).future()

    def is_death(self, error: BaseException) -> bool:
        from ray.exceptions import RayError, RayTaskError

        # What is raised in an actor is both an error of its own kind and Ray's.
        return isinstance(error, RayError) and not isinstance(error, RayTaskError)

    def unwrap(self, error: BaseException) -> BaseException:
        from ray.exceptions import RayTaskError

        return error.cause if isinstance(error, RayTaskError) else error

    def explain(self) -> str:
        import ray

        resources = {name: number for name, number in ray.cluster_resources().items() if name in ('CPU', 'GPU')}
        return f'{self._needed}, the cluster has {resources}'

    def close(self) -> None:
        for actor in self._actors:
            self._end(actor)

    def _end(self, actor: Any) -> None:
        import ray

        if actor is not None:
            # The cluster may have gone.
            with suppress(ray.exceptions.RayError):
                ray.kill(actor)


class _Actor:
    """A worker in a process of Ray's."""

    def start(self, job: Job, load: LoadDetector) -> None:
        """Load the detector."""
        keep_freed_memory()
        self._worker = Worker(job, load())

    def run(self, task: Task) -> TaskResult:
        """Carry out a task."""
        (result,) = self._worker.run([task])
        return result
