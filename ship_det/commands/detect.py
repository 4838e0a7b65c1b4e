"""Find the ships in whole scenes.

SCENE is an image file of any size, a folder of images, a glob, a path that GDAL knows (/vsizip/, /vsicurl/, /vsis3/,
a VRT), or a list of scenes (a text file, Parquet, a STAC item collection). OUT, a folder or s3://..., gets all ships of
all scenes in one layer, ships.gpkg, ships.geojson, ..., and the map page index.html.
Killed and started again, it goes on where it was; scenes that are finished are not done again.
"""

import argparse
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ship_det.cli import HelpFormatter, Interrupted, add_pixel_arguments, pixel_choices
from ship_det.onnx_files import SUFFIX, is_onnx
from ship_det.progress import Console, count_noun, progress_bar
from ship_det.zoo import PREFIX, zoo_models

if TYPE_CHECKING:
    from ship_det.scenes import DetectionOptions, Detector
    from ship_det.scenes.run import ScenesRun

DEFAULT_MODEL = 'r2cnn-aosr15'
# As ship_det.scenes.layers has them, which takes a second to import.
_FORMATS = ('gpkg', 'geojson', 'parquet', 'csv', 'dota')
_PARTS = 'parts'


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=HelpFormatter)
    parser.add_argument('scenes', nargs='+', metavar='SCENE', help='image file, folder, glob, GDAL path or list')
    parser.add_argument('--out', required=True, metavar='DIR', help='folder or URL for layers and map page')
    parser.add_argument(
        '--model', metavar='NAME', help=f'detector of the zoo, or an .onnx file of export (default: {DEFAULT_MODEL})'
    )
    parser.add_argument('--config', help='config of a detector of your own')
    parser.add_argument('--checkpoint', help='its weights, such as work_dirs/NAME/iter_1200.pth')
    parser.add_argument('--device', default='auto', help='cpu, cuda, cuda:1, ...; auto for a GPU where there is one')
    parser.add_argument(
        '--min-score',
        type=float,
        metavar='S',
        help='least score (default: of each class what is stored with the weights, else 0.3)',
    )
    parser.add_argument('--window', type=int, default=1000, help='side of a window, px that the detector sees')
    parser.add_argument(
        '--overlap', type=int, metavar='PX', help='that windows share (default: the longest ship, else a fifth)'
    )
    parser.add_argument(
        '--formats',
        nargs='+',
        choices=(*_FORMATS, _PARTS),
        default=list(_FORMATS),
        help=f'of the layer; {_PARTS} is GeoParquet in parts of 1000 scenes (default: all but {_PARTS})',
    )
    parser.add_argument('--map', action=argparse.BooleanOptionalAction, default=True, help='write the map page')
    parser.add_argument('--land', metavar='FILE', help='polygons that ships do not lie on')
    parser.add_argument('--area', metavar='FILE', help='polygons that ships are looked for in')
    add_pixel_arguments(parser)
    parser.add_argument(
        '--gsd', type=float, metavar='M', help='m a px of scenes that do not know where they are (PNG, JPEG)'
    )
    parser.add_argument('--asset', metavar='KEY', help='asset of STAC items that has the pixels')
    parser.add_argument(
        '--engine',
        choices=['processes', 'ray'],
        default='processes',
        help='where detection runs: on this machine, or on the Ray cluster that RAY_ADDRESS names',
    )
    parser.add_argument('--workers', type=int, default=1, help='processes, each with the detector in memory')
    parser.add_argument('--threads', type=int, metavar='N', help='of each worker (default: its share of the cores)')
    parser.add_argument('--worker-cpus', type=float, metavar='N', help='CPUs of a worker of Ray (default: 1)')
    parser.add_argument(
        '--worker-gpus',
        type=float,
        metavar='N',
        help='GPUs of a worker of Ray (default: 1 where --device is cuda, else 0)',
    )
    return parser


def main() -> int:
    args = make_parser().parse_args()
    check_arguments(args)
    with Console() as console:
        from ship_det.scenes.inputs import find_scenes
        from ship_det.scenes.layers import check_formats
        from ship_det.scenes.run_folder import is_run_of

        check_formats(args.formats)
        paths = find_scenes(args.scenes, args.asset, partial(is_run_of, args.out))
        try:
            run = detect(args, paths, console)
            write_outputs(args, run, console)
        except KeyboardInterrupt:
            message = f'stopped; what is finished is kept in {args.out}, and the same command goes on from there'
            raise Interrupted(signal.SIGINT, message) from None
    for name, reason in run.failed.items():
        print(f'{name}: {reason}', file=sys.stderr)
    if run.failed:
        failed = f'{len(run.failed)} of {count_noun(len(paths), "scene")}'
        print(f'error: {failed} could not be read, named above', file=sys.stderr)
    return 1 if run.failed else 0


def check_arguments(args: argparse.Namespace) -> None:
    """Refuse numbers out of range, before anything is loaded."""
    own = args.config is not None, args.checkpoint is not None
    if any(own) and (args.model is not None or not all(own)):
        raise ValueError(
            'expected one detector: --model NAME, or --config CONFIG and --checkpoint CHECKPOINT together; found '
            + ' and '.join(f'--{name}' for name in ('model', 'config', 'checkpoint') if getattr(args, name) is not None)
        )
    if args.min_score is not None and not 0 <= args.min_score <= 1:
        raise ValueError(f'--min-score: expected 0 to 1, found {args.min_score:g}')
    if args.gsd is not None and not 0 < args.gsd < float('inf'):
        raise ValueError(f'--gsd: expected m a px above 0, found {args.gsd:g}')
    if args.window < 1:
        raise ValueError(f'--window: expected at least 1 px, found {args.window}')
    if args.overlap is not None and not 0 <= args.overlap < args.window:
        raise ValueError(f'--overlap: expected 0 to {args.window - 1} px, less than the window, found {args.overlap}')
    if args.workers < 1:
        raise ValueError(f'--workers: expected at least 1, found {args.workers}')
    if args.threads is not None and args.threads < 1:
        raise ValueError(f'--threads: expected at least 1, found {args.threads}')
    for option, least in (('worker_cpus', 0.01), ('worker_gpus', 0.0)):
        name, value = f'--{option.replace("_", "-")}', getattr(args, option)
        if value is not None and args.engine != 'ray':
            raise ValueError(f'{name}: found {value:g} without --engine ray, expected both or neither')
        if value is not None and not least <= value < float('inf'):
            raise ValueError(f'{name}: expected at least {least:g}, found {value:g}')


def model_source(name: str) -> str:
    """The file that ``--model`` names, or the zoo's model with its prefix."""
    if is_onnx(name):
        return name
    if (model := name.removeprefix(PREFIX)) not in zoo_models():
        raise ValueError(
            f'--model: found {name}, expected one of the zoo, {", ".join(zoo_models())}, or an {SUFFIX} file; --config '
            'and --checkpoint name a detector of your own'
        )
    return f'{PREFIX}{model}'


def load_detector(source: str, checkpoint: str | None, device: str, threads: int | None) -> 'Detector':
    """Load a detector, quietly; also what each worker does."""
    from ship_det.cli import quiet_imports

    with quiet_imports():
        from ship_det.inference import load

        return load(source, checkpoint, device=device, threads=threads)


def detect(args: argparse.Namespace, paths: dict[str, str], console: Console) -> 'ScenesRun':
    """Look at the scenes that are not finished, with a progress bar."""
    from ship_det.processes import usable_cores
    from ship_det.scenes.areas import read_polygons
    from ship_det.scenes.detection import DetectionOptions, default_min_score
    from ship_det.scenes.engines import process_engine
    from ship_det.scenes.run import COARSE, detect_scenes
    from ship_det.scenes.run_folder import RunFolder

    console.begin('loading the detector')
    source = args.config or model_source(args.model or DEFAULT_MODEL)
    load = partial(load_detector, source, args.checkpoint, args.device)
    if args.engine == 'ray':
        from ship_det.scenes.ray_engine import ray_engine

        gpus = float(args.device.startswith('cuda')) if args.worker_gpus is None else args.worker_gpus
        cpus = 1.0 if args.worker_cpus is None else args.worker_cpus
        engine = ray_engine(partial(load, args.threads or max(1, int(cpus))), args.workers, cpus, gpus)
    # Several processes share the cores; one has what there is.
    threads = args.threads or (None if args.workers == 1 else max(1, usable_cores() // args.workers))
    detector: Any = load(threads)
    min_score = args.min_score
    if min_score is None:
        min_score = default_min_score(detector)
        if min_score is not None:
            console.say(f'no least score is stored with the weights: {min_score:g} for all classes (--min-score)')
    options = DetectionOptions(
        window=args.window,
        overlap=args.overlap,
        min_score=min_score,
        land=None if args.land is None else read_polygons(args.land),
        area=None if args.area is None else read_polygons(args.area),
        **pixel_choices(args),
    ).settle(detector)
    folder = RunFolder(args.out, run_settings(args, options, detector))
    if args.engine == 'ray' or args.workers > 1:
        # Each worker has its own detector; this process need not hold one.
        facts = ('classes', 'gsd', 'longest_ship', 'batch_size', 'size_divisor')
        detector = SimpleNamespace(**{name: getattr(detector, name) for name in facts})
    if args.engine == 'processes':
        engine = process_engine(partial(load, threads), args.workers, None if args.workers > 1 else detector)
    with progress(console, 'finding ships') as show:
        run = detect_scenes(detector, paths, folder, engine, options, args.gsd, show)
    if run.unmeasured and detector.gsd is not None:
        names = ', '.join(run.unmeasured)
        console.say(f'taken to have {detector.gsd:g} m a px, as the detector knows ships (--gsd): {names}')
    if run.coarse:
        console.say(
            f'pixels over {COARSE:g} times as large as the {detector.gsd:g} m that the detector knows; it misses ships '
            f'there and sees some that are none: {", ".join(run.coarse)}'
        )
    return run


@contextmanager
def progress(console: Console, title: str) -> Iterator[Callable[..., None]]:
    """A progress bar on a terminal; elsewhere a line now and then."""
    if sys.stdout.isatty():
        console.begin('')
        with progress_bar(title) as show:
            yield show
        return

    def say(done: float, total: float, more: str = '') -> None:
        console.begin(f'{title}, {more or f"{done:g} of {total:g}"}, {100 * done / max(total, 1):.0f} %')

    console.begin(title)
    yield say
    console.begin('')


def run_settings(args: argparse.Namespace, options: 'DetectionOptions', detector: 'Detector') -> dict[str, Any]:
    """What the ships of a run depend on, by the option's name."""
    return {
        '--model, --config, --checkpoint': getattr(detector, 'identity', None),
        'classes': list(detector.classes),
        'gsd': detector.gsd,
        '--min-score': options.min_score,
        '--window': options.window,
        '--overlap': options.overlap,
        '--nodata': options.nodata,
        '--gsd': args.gsd,
        '--land': options.land and options.land.identity,
        '--area': options.area and options.area.identity,
        '--bands': options.bands,
        # Runs of before know no such option.
        '--no-alpha': None if options.alpha else True,
    }


def write_outputs(args: argparse.Namespace, run: 'ScenesRun', console: Console) -> None:
    """Write layers and map page, and say what there is."""
    from ship_det.raster import PixelChoices, open_seekable
    from ship_det.scenes.layers import remove_stale_layers, remove_stale_objects, write_layers
    from ship_det.scenes.map_page import write_map
    from ship_det.scenes.result_folder import is_url, open_results, results_on_disk

    resumed = f' ({run.resumed} of them finished before)' if run.resumed else ''
    console.say(f'{count_noun(run.ships, "ship")} in {count_noun(len(run.found), "scene")}{resumed}')
    if run.unseen:
        console.say(f'nothing to look at in {", ".join(run.unseen)}: no data, nothing but land, or outside the area')
    if not run.found:
        return
    console.begin('writing layers')
    with results_on_disk(args.out) as out:
        written = write_layers(out, run.found, args.formats)
        paths = [layer.path for layer in written.values() if layer.path]
        for name, layer in written.items():
            if layer.path is not None:
                console.say(f'{name}: {args.out}/{layer.path.relative_to(out)}')
            if layer.missing:
                console.say(f'{name} lacks scenes that do not know where they are: {", ".join(layer.missing)}')
        if is_url(args.out):
            layers = {path.relative_to(out).as_posix() for path in out.rglob('*')}
            stale = [f'{args.out}/{name}' for name in remove_stale_objects(open_results(args.out), layers)]
        else:
            stale = [str(path) for path in remove_stale_layers(out, paths, run.names)]
        for name in stale:
            console.say(f'removed, of an earlier run: {name}')
        if args.map:
            open_pixels = partial(open_seekable, choices=PixelChoices(**pixel_choices(args)))
            with progress(console, 'writing the map') as show:
                page = write_map(out, run.found, progress=show, open_pixels=open_pixels)
            console.say(f'map: {args.out}/{page.relative_to(out)}')
