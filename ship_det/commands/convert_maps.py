"""What `ship-det convert` does beside data sets: layers of a GIS and predictions."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ship_det.progress import count_noun, progress_bar

if TYPE_CHECKING:
    from ship_det.annotations.conversion import ConversionOptions, ConversionSummary
    from ship_det.evaluation.chip_scenes import LocatedPredictions
    from ship_det.evaluation.predictions import Predictions

#: What can be converted from and to, beside the formats of data sets.
SOURCES = ('gis', 'predictions')
TARGETS = ('gis', 'dota-task1', 'coco-results')
_OF_PREDICTIONS = ('dota-task1', 'coco-results', 'yolo-obb', 'gis')

# Sources that each option means something to.
_OPTIONS = {
    'scenes': ('gis', 'predictions'),
    'class_field': ('gis',),
    'layer': ('gis',),
    'crs': ('gis',),
    'images': ('predictions',),
    'merge': ('predictions',),
    'coco': ('predictions',),
    'min_score': ('predictions',),
}


def add_map_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of layers and of predictions."""
    gis = parser.add_argument_group('from gis')
    gis.add_argument('--scenes', metavar='DIR', help='georeferenced scenes: a folder, a data set, a file or a glob')
    gis.add_argument('--class-field', metavar='NAME', help='column of the classes; default: class')
    gis.add_argument('--layer', metavar='NAME', help='of SRC, where it has several')
    gis.add_argument('--crs', metavar='CRS', help='of a layer that names none, such as EPSG:32633')
    predictions = parser.add_argument_group('from predictions')
    predictions.add_argument('--images', metavar='DIR', help='predicted images; of chips, the folder of chips.jsonl')
    predictions.add_argument(
        '--merge', action='store_true', help='put detections of chips back into their scenes; to gis it is always done'
    )
    predictions.add_argument(
        '--coco', metavar='FILE', help='COCO file whose ids are used; without, images and classes are numbered from 1'
    )
    predictions.add_argument('--min-score', type=float, metavar='S', help='least score; default: all')


def check_map_options(args: argparse.Namespace) -> None:
    """Refuse formats that do not go together, and options that mean nothing to them."""
    for name, sources in _OPTIONS.items():
        if getattr(args, name) not in (None, False) and args.source_format not in sources:
            raise ValueError(f'--{name.replace("_", "-")}: found --from {args.source_format}, expected {sources[0]}')
    if args.source_format == 'predictions':
        if args.target_format not in _OF_PREDICTIONS:
            raise ValueError(f'--to {args.target_format}: from predictions, expected {", ".join(_OF_PREDICTIONS)}')
        _check_predictions(args)
    elif args.target_format in ('dota-task1', 'coco-results'):
        raise ValueError(f'--to {args.target_format}: found --from {args.source_format}, expected predictions')
    if args.source_format == 'gis':
        if args.scenes is None:
            raise ValueError('--from gis: expected --scenes DIR, the scenes that the polygons lie on')
        for name in ('classes', 'angle_unit'):
            if getattr(args, name):
                raise ValueError(f'--{name.replace("_", "-")}: found --from gis, expected a format with numbers for it')


def _check_predictions(args: argparse.Namespace) -> None:
    needs_images = args.target_format in ('yolo-obb', 'gis') or args.merge
    if needs_images and args.images is None:
        what = '--merge' if args.merge else f'--to {args.target_format}'
        raise ValueError(f'{what}: expected --images DIR, the predicted images')
    if args.coco is not None and args.target_format != 'coco-results':
        raise ValueError(f'--coco: found --to {args.target_format}, expected coco-results')
    for name in ('class_map', 'classes', 'angle_unit', 'skip_unknown', 'skip_unpaired'):
        if getattr(args, name):
            raise ValueError(f'--{name.replace("_", "-")}: found --from predictions, expected a data set or a layer')


def convert_from_gis(args: argparse.Namespace, options: 'ConversionOptions') -> tuple['ConversionSummary', list[str]]:
    """Labels of a layer and the scenes that they lie on as a data set; and what became of the polygons."""
    from ship_det.annotations.conversion import check_target, write_data_set
    from ship_det.annotations.data_set import DataSet, LabeledImage
    from ship_det.annotations.folders import refuse_twins
    from ship_det.scenes.inputs import find_scenes
    from ship_det.scenes.label_layers import place_labels, read_label_layer
    from ship_det.scenes.scene import describe_scene

    if args.target_format != 'gis':
        check_target(args.target_format, args.out)
    layer = read_label_layer(
        args.source,
        args.class_field or 'class',
        layer=args.layer,
        crs=args.crs,
        skip_unknown=args.skip_unknown,
    )
    scenes = [describe_scene(path, name) for name, path in find_scenes([args.scenes]).items()]
    refuse_twins([Path(scene.path) for scene in scenes])
    lost = [Path(scene.path) for scene in scenes if scene.georeference is None]
    on_map = [scene for scene in scenes if scene.georeference is not None]
    if lost and (not on_map or not args.skip_unpaired):
        hint = ' (--skip-unpaired leaves it out)' if on_map else ''
        raise ValueError(
            f'{lost[0]}: does not know where on Earth it lies, expected a georeferenced scene such as a GeoTIFF with a '
            f'CRS{hint}'
        )
    placed = place_labels(layer, on_map)
    count = len(layer.polygons)
    if placed.outside == count:
        raise ValueError(
            f'{layer.path}: none of its {count_noun(count, "polygon")} lies on one of the scenes of {args.scenes} '
            f'({len(on_map)}), '
            'expected polygons over the scenes, in the CRS that the layer names'
        )
    images = [
        LabeledImage(Path(scene.path), Path(layer.path), objects)
        for scene, objects in zip(on_map, placed.objects, strict=True)
    ]
    with progress_bar('converting') as show:
        summary = write_data_set(DataSet(images, without_labels=lost), args.target_format, args.out, options, show)
    empty = sum(not objects for objects in placed.objects)
    facts = [
        (placed.outside, 'outside every scene, left out'),
        (placed.shared, 'on several scenes, in the labels of each'),
        (placed.rectangles, 'of other than four corners: now their rectangles of minimum area, px'),
        (placed.cut, 'reaching beyond the border of a scene, kept whole'),
    ]
    notes = [f'polygons {what}: {number} of {count}' for number, what in facts if number]
    notes += layer.notes
    notes += [f'features {why}, left out: {number}' for why, number in layer.skipped.items()]
    if empty:
        notes.append(f'scenes without a polygon, kept as such: {empty} of {len(on_map)}')
    return summary, notes


def convert_to_gis(args: argparse.Namespace, options: 'ConversionOptions') -> tuple['ConversionSummary', list[str]]:
    """Labels of the georeferenced images of a data set as a layer; and what is not in it."""
    from ship_det.annotations.conversion import read_data_set
    from ship_det.evaluation.exports import check_layer_name
    from ship_det.scenes.label_layers import write_label_layer
    from ship_det.scenes.scene import describe_scene

    if args.source_format == 'gis':
        raise ValueError('--to gis: found --from gis, expected a data set or predictions')
    check_layer_name(args.out)
    data_set, summary = read_data_set(args.source_format, args.source, options)
    scenes = [describe_scene(labeled.image, labeled.stem) for labeled in data_set.images]
    in_px = args.out.lower().endswith('.csv')
    kept = [index for index, scene in enumerate(scenes) if in_px or scene.georeference is not None]
    lost = [scene for scene in scenes if scene.georeference is None]
    if not kept:
        raise ValueError(
            f'{lost[0].path}: does not know where on Earth it lies, as no image of {args.source} does; expected '
            'georeferenced ones, such as GeoTIFFs with a CRS'
        )
    write_label_layer(args.out, [scenes[k] for k in kept], [data_set.images[k].objects for k in kept])
    if in_px or not lost:
        return summary, []
    left_out = sum(len(data_set.images[k].objects) for k in range(len(scenes)) if k not in set(kept))
    return summary, [
        f'left out, as nothing says where they lie: {count_noun(len(lost), "image")} with '
        f'{count_noun(left_out, "object")}, first {lost[0].path}'
    ]


def export_predictions(args: argparse.Namespace) -> None:
    """Write predictions in a form that other tools read."""
    from ship_det.evaluation.exports import (
        at_least,
        check_layer_name,
        check_new_file,
        check_new_folder,
        write_coco_results,
        write_prediction_layer,
        write_task1,
        write_yolo_predictions,
    )
    from ship_det.evaluation.predictions import read_predictions

    to = args.target_format
    {'gis': check_layer_name, 'coco-results': check_new_file}.get(to, check_new_folder)(args.out)
    predictions, dropped = at_least(read_predictions(args.source), args.min_score or 0.0)
    located = locate(args, predictions)
    if located is not None:
        predictions = located.predictions
    notes = list(located.notes) if located else []
    if dropped:
        notes.append(f'left out {count_noun(dropped, "detection")} of a lower score than {args.min_score:g}')
    if to == 'dota-task1':
        write_task1(args.out, predictions)
    elif to == 'coco-results':
        write_coco_results(args.out, predictions, args.coco)
        if args.coco is None:
            notes.append('images and classes are numbered from 1 in the order of the predictions (--coco FILE has ids)')
    elif located is not None and to == 'yolo-obb':
        beyond = write_yolo_predictions(args.out, located)
        if beyond:
            notes.append(f'boxes that reach beyond their image, as they are: {beyond}')
    elif located is not None:
        missing = write_prediction_layer(args.out, located)
        if missing:
            images = count_noun(len(missing), 'image')
            notes.append(f'left out, as nothing says where they lie: {images}, first {missing[0]}')
    count = sum(len(record['scores']) for record in predictions.images)
    print(f'{count_noun(len(predictions.images), "image")}, {count_noun(count, "detection")} in {args.out}')
    for note in notes:
        print(note)


def locate(args: argparse.Namespace, predictions: 'Predictions') -> 'LocatedPredictions | None':
    """The images that predictions are of, or the scenes of chips; None where nobody needs them."""
    from ship_det.evaluation.chip_scenes import locate_images, merge_chips

    if args.images is None:
        return None
    of_chips = (Path(args.images) / 'chips.jsonl').is_file()
    if args.merge and not of_chips:
        raise ValueError(f'--merge: {args.images} has no chips.jsonl, expected a data set made by ship-det tile')
    if of_chips and (args.merge or args.target_format == 'gis'):
        return merge_chips(predictions, args.images, args.scenes)
    if args.scenes is not None:
        raise ValueError('--scenes: found images that are not put back into scenes, expected --merge or --to gis')
    return locate_images(predictions, args.images) if args.target_format in ('yolo-obb', 'gis') else None
