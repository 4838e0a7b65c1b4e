"""Cut the scenes of a data set into chips, with several processes."""

import multiprocessing
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing.connection import wait
from pathlib import Path

import numpy as np

from ship_det.annotations import write_dota
from ship_det.annotations.folders import dota_label_path

from .plan import PlannedChip, TilingOptions, plan_scenes
from .raster import open_scene, read_window, write_chip
from .staging import StagedOutput, fingerprint

#: Chips cut in one go by one process: a row of a 12544 px scene at 1000/200.
_BATCH = 16


@dataclass(frozen=True, slots=True)
class TilingSummary:
    """What a run made.

    Attributes:
        tally: scenes, chips, objects and labels by what became of them.
        class_counts: instances of each class over all chips; difficult ones do not count.
        resumed: chips that were already there.
    """

    tally: Counter[str]
    class_counts: Counter[str]
    resumed: int


@dataclass(frozen=True, slots=True)
class _Batch:
    """Chips of one scene that one process cuts."""

    image: Path
    index: int
    chips: list[PlannedChip]


def tile_scenes(
    scenes: str | os.PathLike,
    out: str | os.PathLike,
    options: TilingOptions | None = None,
    workers: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> TilingSummary:
    """Cut every scene of ``scenes`` (images/, labelTxt/) into labelled chips.

    Killed and called again, it goes on where it was; on a complete folder it does nothing.

    Args:
        scenes: data set folder of the scenes.
        out: data set folder of the chips: images/, labelTxt/, chips.jsonl.
        options: how to cut.
        workers: processes; 1 cuts in this one.
        on_progress: called with the chips done and the chips in all.

    Raises:
        ValueError: naming the file: a bad or missing label file, a damaged scene, an output folder made otherwise.
    """
    options = options or TilingOptions()
    if workers < 1:
        raise ValueError(f'workers: expected at least 1, found {workers}')
    scenes, out = Path(scenes), Path(out)
    plans = plan_scenes(scenes, options)
    chips = [planned.chip for plan in plans for planned in plan.chips]
    if not chips:
        raise ValueError(f'{scenes}: no scene shows an object; --keep-empty 1 keeps the chips without objects')
    batches = [batch for plan in plans for batch in _split(plan.image, plan.chips, plan.sequential)]
    inputs = {plan.image.name: fingerprint(plan.image, dota_label_path(scenes, plan.image)) for plan in plans}
    output = StagedOutput(out, asdict(options), inputs)
    open_batches = [batch for batch in batches if not output.complete and not output.is_done(*_key(batch))]
    resumed = done = len(chips) - sum(len(batch.chips) for batch in open_batches)
    for batch in _cut_all(open_batches, output, workers):
        output.mark_done(*_key(batch))
        done += len(batch.chips)
        if on_progress:
            on_progress(done, len(chips))
    if not output.complete:
        output.finish(chips)
    counts = sum((Counter(chip.counts) for chip in chips), Counter())
    return TilingSummary(sum((plan.tally for plan in plans), Counter()), counts, resumed)


def _key(batch: _Batch) -> tuple[str, int]:
    return batch.image.name, batch.index


def _split(image: Path, chips: list[PlannedChip], sequential: bool) -> list[_Batch]:
    size = len(chips) if sequential else _BATCH
    starts = range(0, len(chips), max(size, 1))
    return [_Batch(image, index, chips[start : start + size]) for index, start in enumerate(starts)]


def _cut_all(batches: list[_Batch], output: StagedOutput, workers: int) -> Iterator[_Batch]:
    """Cut the batches, giving each back when its files are there."""
    if workers == 1 or len(batches) <= 1:
        for batch in batches:
            _cut(batch, output.images, output.labels)
            yield batch
        return
    context = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(min(workers, len(batches)), context, initializer=_end_with_parent) as pool:
        try:
            futures = {pool.submit(_cut, batch, output.images, output.labels): batch for batch in batches}
            for future in as_completed(futures):
                future.result()
                yield futures[future]
        finally:
            pool.shutdown(cancel_futures=True)


def _cut(batch: _Batch, images: Path, labels: Path) -> None:
    with open_scene(batch.image) as scene:
        for planned in batch.chips:
            write_chip(images / planned.chip.file, read_window(scene, np.array(planned.chip.window)))
            write_dota(labels / f'{Path(planned.chip.file).stem}.txt', planned.objects)


def _end_with_parent() -> None:
    """Leave the process when its parent dies, however that happens; a worker of the pool would wait for ever."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            wait([parent.sentinel])
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
