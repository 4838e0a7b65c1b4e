"""Cut the scenes of a data set into chips, with several processes."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from ship_det.annotations import DotaFolder, write_dota
from ship_det.processes import RunAll, processes
from ship_det.raster import SceneReader, Stretch, TileCache, open_scene, resize
from ship_det.raster.stretch import DEFAULT_PERCENTILES
from ship_det.tiling.chip_images import write_chip
from ship_det.tiling.chip_index import INDEX_NAME, read_chip_index, write_chip_index
from ship_det.tiling.options import TilingOptions
from ship_det.tiling.plan import PlannedChip, ScenePlan, plan_scenes
from ship_det.tiling.staging import StagedOutput, fingerprint

# Chips cut in one go by one process: half a row of a 12544 px scene at 1000/200.
_BATCH = 8
# The same for scenes that can only be decoded from the top, since each batch starts there again.
_SEQUENTIAL_BATCH = 128


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
    name: str
    chips: list[PlannedChip]


@dataclass(frozen=True, slots=True)
class _Job:
    """What a process needs to know to cut a batch."""

    batch: _Batch
    bands: tuple[int, ...] | None
    stretch: Stretch | None
    nodata: float | None
    images: Path
    labels: Path


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
        ValueError: naming the file: a bad or missing label file, a damaged scene, an output folder made otherwise; or
            less than one worker.
        OSError: naming the file that cannot be written, or if a process is ended from outside.
    """
    # A complete folder needs no other process.
    wanted = min(workers, 1) if (Path(out) / INDEX_NAME).exists() else workers
    with processes(wanted, __name__) as run_all:
        return tile_scenes_with(run_all, scenes, out, options, on_progress)


def tile_scenes_with(
    run_all: RunAll,
    scenes: str | os.PathLike,
    out: str | os.PathLike,
    options: TilingOptions | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> TilingSummary:
    """As :func:`tile_scenes`, in processes that run already."""
    options = options or TilingOptions()
    scenes, out = Path(scenes), Path(out)
    with _no_tiles_left():
        plans = plan_scenes(scenes, options)
        total = sum(len(chips) for plan in plans for chips in plan.passes)
        if not total:
            raise ValueError(f'{scenes}: no scene shows an object; --keep-empty 1 keeps the chips without objects')
        folder = DotaFolder(scenes)
        inputs = {plan.image.name: fingerprint(plan.image, folder.label_path(plan.image)) for plan in plans}
        output = StagedOutput(out, asdict(options), inputs)
        if output.complete:
            _complete_index(out, plans)
            return _summarise(plans, set(output.record['without_data']), total)
        needing_stretch = [plan.image for plan in plans if plan.needs_stretch]
        batches = [batch for plan in plans for batch in _split(plan)]
        with output.discarded_if_nothing_is_done():
            _find_stretches(needing_stretch, output, options, run_all)
            resumed = _cut_all(batches, output, options, run_all, on_progress)
    without_data = {name for batch in batches for name in output.noted(batch.image.name, batch.name)}
    chips = [planned.chip for plan in plans for part in plan.passes for planned in part]
    details = {
        'stretch': {image.name: output.noted(image.name, 'stretch') for image in needing_stretch},
        'without_data': sorted(without_data),
    }
    output.finish([chip for chip in chips if chip.file not in without_data], details)
    return _summarise(plans, without_data, resumed)


def _complete_index(out: Path, plans: list[ScenePlan]) -> None:
    """Say in an index of an older run which chips were added on ships, and where chips lie on Earth."""
    planned = {planned.chip.file: planned.chip for plan in plans for part in plan.passes for planned in part}
    chips = read_chip_index(out)
    completed = []
    for chip in chips:
        plan = planned.get(chip.file, chip)
        if chip.added is None:
            chip = replace(chip, added=plan.added)
        if chip.crs is None:
            chip = replace(chip, crs=plan.crs, transform=plan.transform)
        completed.append(chip)
    if completed != chips:
        write_chip_index(out, completed)


def _summarise(plans: list[ScenePlan], without_data: set[str], resumed: int) -> TilingSummary:
    tally = sum((plan.tally(without_data) for plan in plans), Counter())
    chips = [planned.chip for plan in plans for part in plan.passes for planned in part]
    counts = sum((Counter(chip.counts) for chip in chips if chip.file not in without_data), Counter())
    return TilingSummary(tally, counts, resumed)


def _split(plan: ScenePlan) -> list[_Batch]:
    size = _SEQUENTIAL_BATCH if plan.sequential else _BATCH
    pieces = [chips[start : start + size] for chips in plan.passes for start in range(0, len(chips), size)]
    return [_Batch(plan.image, str(index), chips) for index, chips in enumerate(pieces)]


def _find_stretches(images: list[Path], output: StagedOutput, options: TilingOptions, run_all: RunAll) -> None:
    """Note how the values of scenes become 8 bit, where that is not known yet."""
    unknown = [image for image in images if not output.is_noted(image.name, 'stretch')]
    percentiles = options.stretch or DEFAULT_PERCENTILES
    find = partial(_find_stretch, bands=options.bands, percentiles=percentiles, nodata=options.nodata)
    for image, stretch in run_all(find, unknown):
        output.note(image.name, 'stretch', stretch.limits)


def _cut_all(
    batches: list[_Batch],
    output: StagedOutput,
    options: TilingOptions,
    run_all: RunAll,
    on_progress: Callable[[int, int], None] | None,
) -> int:
    """Cut what is not cut yet; the number of chips that were there already."""
    waiting = [batch for batch in batches if not output.is_noted(batch.image.name, batch.name)]
    total = sum(len(batch.chips) for batch in batches)
    resumed = done = total - sum(len(batch.chips) for batch in waiting)
    jobs = []
    for batch in waiting:
        limits = output.noted(batch.image.name, 'stretch')
        stretch = Stretch(tuple((low, high) for low, high in limits)) if limits else None
        jobs.append(_Job(batch, options.bands, stretch, options.nodata, output.images, output.labels))
    for job, without_data in run_all(_cut, jobs):
        output.note(job.batch.image.name, job.batch.name, without_data)
        done += len(job.batch.chips)
        if on_progress:
            on_progress(done, total)
    return resumed


_tiles = TileCache()


@contextmanager
def _no_tiles_left() -> Iterator[None]:
    """Give the pixels up in the end; the process may have other things to do."""
    try:
        yield
    finally:
        _tiles.clear()


def _find_stretch(
    image: Path, bands: tuple[int, ...] | None, percentiles: tuple[float, float], nodata: float | None
) -> Stretch:
    with open_scene(image) as scene:
        return SceneReader(scene, bands, nodata=nodata).find_stretch(percentiles)


def _cut(job: _Job) -> list[str]:
    """Write the chips of a batch; the names of those that show nothing but nodata and are not written."""
    without_data = []
    with open_scene(job.batch.image) as scene:
        reader = SceneReader(scene, job.bands, job.stretch, _tiles, job.nodata)
        for planned in job.batch.chips:
            chip = planned.chip
            pixels = reader.read(chip.window)
            if pixels is None:
                without_data.append(chip.file)
                continue
            write_chip(job.images / chip.file, resize(pixels, chip.size) if chip.size else pixels)
            objects = [found.labeled for found in planned.visible]
            write_dota(job.labels / f'{Path(chip.file).stem}.txt', objects)
    return without_data
