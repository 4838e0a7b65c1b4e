"""Convert a labelled data set from one format to another.

SRC is the folder of the data set as it was published or exported: its images and labels are found in the folders of
their usual names, also where each part (train, valid, test) has its own. The parts are kept as lists. --from auto
recognises the format by the label files and says it. One COCO file of several is read where it is SRC.

From gis, SRC is a layer of polygons (GeoPackage, GeoJSON, shapefile, GeoParquet) over the georeferenced images of
--scenes; to gis, OUT is such a layer: .gpkg, .geojson, .parquet or .csv.

From predictions, SRC is the file of `ship-det test --out`. It becomes DOTA Task1 files (dota-task1), COCO results
(coco-results), YOLO-OBB files with scores (yolo-obb) or a layer (gis); the last two need --images.
"""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ship_det.cli import split_names
from ship_det.commands.convert_maps import (
    SOURCES,
    TARGETS,
    add_map_options,
    check_map_options,
    convert_from_gis,
    convert_to_gis,
    export_predictions,
)
from ship_det.progress import count_noun, progress_bar

if TYPE_CHECKING:
    from ship_det.annotations.conversion import ConversionSummary

FORMATS = (
    *('dota', 'hrsc', 'rolabelimg', 'dior', 'coco-rotated', 'coco-rotated-clockwise', 'yolo-obb', 'voc'),
    *('shiprsimagenet', 'ssdd', 'rsdd', 'fair1m', 'cvat', 'label-studio', 'labelme'),
)
#: Those that can only be read.
READ_ONLY = ('coco-rotated-clockwise', 'voc')
WRITABLE = tuple(name for name in FORMATS if name not in READ_ONLY)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('source', metavar='SRC', help='data set folder, layer or predictions')
    parser.add_argument('out', metavar='OUT', help='folder to make, or file')
    parser.add_argument(
        '--from', required=True, choices=('auto', *FORMATS, *SOURCES), dest='source_format', help='format of SRC'
    )
    parser.add_argument(
        '--to', default='dota', choices=(*WRITABLE, *TARGETS), dest='target_format', help='default: dota'
    )
    parser.add_argument('--class-map', metavar='FILE', help='YAML, "old name: new name"; no new name drops a class')
    parser.add_argument(
        '--classes', metavar='A,B', default='', help='class names in order, for labels that number them'
    )
    parser.add_argument(
        '--labels', metavar='NAME', help='label folder or file in SRC, or in each part, where there are several'
    )
    parser.add_argument(
        '--angle-unit', choices=['radians', 'degrees'], help="of SRC's angles, where it is not the format's own"
    )
    parser.add_argument('--skip-unknown', action='store_true', help='drop classes that the class map does not name')
    parser.add_argument('--skip-unpaired', action='store_true', help='leave out images or labels that lack the other')
    parser.add_argument(
        '--transfer', choices=['copy', 'hardlink', 'symlink'], default='copy', help='of the images; default: copy'
    )
    parser.add_argument(
        '--verify', action=argparse.BooleanOptionalAction, default=True, help='decode every image to find damaged ones'
    )
    add_map_options(parser)
    return parser


def main() -> None:
    args = make_parser().parse_args()
    check_map_options(args)
    if args.source_format == 'predictions':
        export_predictions(args)
        return
    from ship_det.annotations.conversion import ConversionOptions, convert, read_class_map
    from ship_det.annotations.recognition import recognise_format

    options = ConversionOptions(
        class_map=read_class_map(args.class_map) if args.class_map else None,
        classes=split_names('--classes', args.classes),
        labels=args.labels,
        angle_unit=args.angle_unit,
        skip_unpaired=args.skip_unpaired,
        skip_unknown=args.skip_unknown,
        transfer=args.transfer,
        verify=args.verify,
    )
    if args.source_format == 'auto':
        args.source_format, evidence = recognise_format(args.source)
        print(f'{args.source}: recognised as {args.source_format} by {evidence}', flush=True)
    notes: list[str] = []
    if args.target_format == 'gis':
        summary, notes = convert_to_gis(args, options)
    elif args.source_format == 'gis':
        summary, notes = convert_from_gis(args, options)
    else:
        with progress_bar('converting') as show:
            summary = convert(args.source_format, args.target_format, args.source, args.out, options, show)
    for line in (*describe(summary, args.out), *notes):
        print(line)


def describe(summary: 'ConversionSummary', out: str) -> Iterator[str]:
    """Lines about what was converted and what was not."""
    yield f'{count_noun(summary.images, "image")}, {count_noun(summary.objects.total(), "object")} in {out}'
    for name, count in summary.objects.most_common():
        difficult = summary.difficult[name]
        yield f'  {name}: {count}' + (f' ({difficult} difficult)' if difficult else '')
    if summary.parts:
        yield 'parts: ' + ', '.join(f'{part} {count_noun(count, "image")}' for part, count in summary.parts.items())
    if summary.backgrounds:
        yield f'without a label file, kept as without objects: {count_noun(summary.backgrounds, "image")}'
    if summary.renamed:
        old, new = summary.renamed[0]
        yield f'renamed, as parts share names: {count_noun(len(summary.renamed), "image")}, such as {old} to {new}'
    if summary.dropped:
        yield 'dropped: ' + ', '.join(f'{name} {count}' for name, count in summary.dropped.most_common())
    if summary.unpaired:
        yield f'skipped: {summary.unpaired} (images without labels, or labels or listed names without an image)'
    if summary.skipped:
        kinds = ', '.join(f'{kind} {count}' for kind, count in summary.skipped.most_common())
        yield f'skipped labels that outline no object: {kinds}'
    if summary.outlines:
        yield f'made minimum-area rectangles: {count_noun(summary.outlines, "polygon")} of other than four corners'
    if summary.upright:
        share = f'{summary.upright} of {count_noun(summary.objects.total(), "box")}'
        yield f"horizontal: {share}, along the image's sides, or labels that do not say how they are turned"
    if summary.rectangles:
        yield f'made minimum-area rectangles: {count_noun(summary.rectangles, "quad")} of other shapes'
    if summary.flags_lost:
        yield f'marked difficult, which the new format cannot say: {count_noun(summary.flags_lost, "object")}'
    yield from summary.notes
