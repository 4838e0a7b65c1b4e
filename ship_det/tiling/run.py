"""Cut the scenes of a data set into chips, with several processes."""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from ship_det.annotations import DotaFolder, write_dota
from ship_det.processes import RunAll, processes
from ship_det.raster import (
    AlphaSurvey,
    PixelChoices,
    SceneReader,
    Stretch,
    TileCache,
    open_scene,
    resize,
    survey_alpha,
)
from ship_det.raster.stretch import DEFAULT_PERCENTILES
from ship_det.tiling.chip_images import write_chip
from ship_det.tiling.chip_index import INDEX_NAME, class_counts, read_chip_index, write_chip_index
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
        without_data: names of the scenes of which no planned chip shows anything.
        alphas: what the alpha band says of each scene of which it leaves something out, by name.
    """

    tally: Counter[str]
    class_counts: Counter[str]
    resumed: int
    without_data: tuple[str, ...] = ()
    alphas: dict[str, AlphaSurvey] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Chips of one scene that one process cuts; the stretch is settled last."""

    image: Path
    name: str
    chips: list[PlannedChip]
    stretch: Stretch | None = None


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
    try:
        plans = plan_scenes(scenes, options)
        total = sum(len(plan.chips) for plan in plans)
        if not total:
            raise ValueError(f'{scenes}: no scene shows an object; --keep-empty 1 keeps the chips without objects')
        folder = DotaFolder(scenes)
        inputs = {plan.image.name: fingerprint(plan.image, folder.label_path(plan.image)) for plan in plans}
        output = StagedOutput(out, asdict(options), inputs)
        if output.complete:
            _complete_index(out, plans)
            return _summarise(plans, output.record, total)
        needing_stretch = [plan.image for plan in plans if plan.needs_stretch]
        batches = [batch for plan in plans for batch in _split(plan)]
        with output.discarded_if_nothing_is_done():
            _survey_alphas([plan for plan in plans if plan.has_alpha], output, run_all)
            _find_stretches(needing_stretch, output, options, run_all)
            resumed = _cut_all(batches, output, options, run_all, on_progress)
    finally:
        # The process may have other things to do.
        _tiles.clear()
    without_data = {name for batch in batches for name in output.noted(batch.image.name, batch.name)}
    chips = [chip for plan in plans for chip in plan.chips]
    if len(without_data) == len(chips):
        output.discard()
        others = f' (the same of {len(plans)} scenes)' if len(plans) > 1 else ''
        raise ValueError(
            f'{plans[0].image}: no chip is left{others}: all pixels in the chips are {plans[0].without_data}; expected '
            'data; --no-alpha shows what an alpha band hides, --nodata names another value, or none'
        )
    details = {
        'stretch': {image.name: output.noted(image.name, 'stretch') for image in needing_stretch},
        'alpha': {plan.image.name: output.noted(plan.image.name, 'alpha') for plan in plans if plan.has_alpha},
        'without_data': sorted(without_data),
    }
    output.finish([chip for chip in chips if chip.file not in without_data], details)
    return _summarise(plans, details, resumed)


def _complete_index(out: Path, plans: list[ScenePlan]) -> None:
    """Say in an index of an older run which chips were added on ships, and where chips lie on Earth."""
    planned = {chip.file: chip for plan in plans for chip in plan.chips}
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


def _summarise(plans: list[ScenePlan], details: dict[str, Any], resumed: int) -> TilingSummary:
    without_data = set(details['without_data'])
    tally = sum((plan.tally(without_data) for plan in plans), Counter())
    chips = [chip for plan in plans for chip in plan.chips]
    shown = [chip for chip in chips if chip.file not in without_data]
    # A folder of an older run says nothing of alpha bands.
    alphas = {scene: AlphaSurvey(*shares) for scene, shares in details.get('alpha', {}).items()}
    return TilingSummary(
        tally,
        class_counts(shown),
        resumed,
        tuple(sorted({chip.scene for chip in chips} - {chip.scene for chip in shown})),
        {scene: survey for scene, survey in alphas.items() if survey.hidden > 0},
    )


def _split(plan: ScenePlan) -> list[_Batch]:
    size = _SEQUENTIAL_BATCH if plan.sequential else _BATCH
    pieces = [chips[start : start + size] for chips in plan.passes for start in range(0, len(chips), size)]
    return [_Batch(plan.image, str(index), chips) for index, chips in enumerate(pieces)]


def _find_stretches(images: list[Path], output: StagedOutput, options: TilingOptions, run_all: RunAll) -> None:
    """Note how the values of scenes become 8 bit, where that is not known yet."""
    unknown = [image for image in images if not output.is_noted(image.name, 'stretch')]
    percentiles = options.stretch or DEFAULT_PERCENTILES
    find = partial(_find_stretch, choices=options.choices, percentiles=percentiles)
    for image, stretch in run_all(find, unknown):
        output.note(image.name, 'stretch', stretch.limits)


def _survey_alphas(plans: list[ScenePlan], output: StagedOutput, run_all: RunAll) -> None:
    """Note what alpha bands leave out, where that is not known yet.

    Raises:
        ValueError: naming the scene, where that is everything, though objects are labelled.
    """
    objects = {plan.image: plan.objects for plan in plans if not output.is_noted(plan.image.name, 'alpha')}
    surveys = dict(run_all(_survey_alpha, list(objects)))
    for image, survey in surveys.items():
        if survey.hidden == 1 and objects[image]:
            raise ValueError(
                f'{image}: its alpha band is 0 everywhere, so that nothing shows, though it has {objects[image]} '
                'labelled objects; expected data; --no-alpha shows what the band hides'
            )
    for image, survey in surveys.items():
        output.note(image.name, 'alpha', [survey.hidden, survey.between])


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
    settled = []
    for batch in waiting:
        limits = output.noted(batch.image.name, 'stretch')
        settled.append(replace(batch, stretch=Stretch(tuple((low, high) for low, high in limits))) if limits else batch)
    for batch, without_data in run_all(partial(_cut, choices=options.choices, staged=output.staged), settled):
        output.note(batch.image.name, batch.name, without_data)
        done += len(batch.chips)
        if on_progress:
            on_progress(done, total)
    return resumed


_tiles = TileCache()


def _find_stretch(image: Path, choices: PixelChoices, percentiles: tuple[float, float]) -> Stretch:
    with open_scene(image) as scene:
        return SceneReader(scene, choices).find_stretch(percentiles)


def _survey_alpha(image: Path) -> AlphaSurvey:
    with open_scene(image) as scene:
        survey = survey_alpha(SceneReader(scene))
    assert survey is not None
    return survey


def _cut(batch: _Batch, choices: PixelChoices, staged: DotaFolder) -> list[str]:
    """Write the chips of a batch; the names of those that show nothing but nodata and are not written."""
    without_data = []
    with open_scene(batch.image) as scene:
        reader = SceneReader(scene, choices, batch.stretch, _tiles)
        for planned in batch.chips:
            chip = planned.chip
            pixels = reader.read(chip.window)
            if pixels is None:
                without_data.append(chip.file)
                continue
            write_chip(staged.image_dir / chip.file, resize(pixels, chip.size) if chip.size else pixels)
            objects = [found.labeled for found in planned.visible]
            write_dota(staged.label_dir / f'{Path(chip.file).stem}.txt', objects)
    return without_data
