"""Convert a labelled data set from one format to another.

Formats, and the folders they are read from under SRC: dota (images/, labelTxt/), hrsc (AllImages/, Annotations/),
rolabelimg (images/, annotations/), dior (JPEGImages-*/, Annotations/), coco-rotated (images/, annotations/*.json with
angles counterclockwise on screen, or clockwise as coco-rotated-clockwise), yolo-obb (images/, labels/, data.yaml), voc
(JPEGImages/, Annotations/; read only). Where such a folder is missing, its files are looked for in SRC itself.

From gis, SRC is a layer of polygons (GeoPackage, GeoJSON, shapefile, GeoParquet) over the georeferenced images of
--scenes; to gis, OUT is such a layer: .gpkg, .geojson, .parquet or .csv.

From predictions, SRC is the file of `ship-det test --out`. It becomes DOTA Task1 files (dota-task1), COCO results
(coco-results), YOLO-OBB files with scores (yolo-obb) or a layer (gis); the last two need --images.
"""

import argparse

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
from ship_det.progress import progress_bar

FORMATS = 'dota', 'hrsc', 'rolabelimg', 'dior', 'coco-rotated', 'coco-rotated-clockwise', 'yolo-obb', 'voc'


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('source', metavar='SRC', help='data set folder, layer or predictions')
    parser.add_argument('out', metavar='OUT', help='folder to make, or file')
    parser.add_argument(
        '--from', required=True, choices=(*FORMATS, *SOURCES), dest='source_format', help='format of SRC'
    )
    parser.add_argument(
        '--to', default='dota', choices=(*FORMATS, *TARGETS), dest='target_format', help='default: dota'
    )
    parser.add_argument('--class-map', metavar='FILE', help='YAML, "old name: new name"; no new name drops a class')
    parser.add_argument(
        '--classes', metavar='A,B', default='', help='class names in order, for labels that number them'
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
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    check_map_options(args)
    if args.source_format == 'predictions':
        export_predictions(args)
        return
    from ship_det.annotations.conversion import ConversionOptions, convert, read_class_map

    options = ConversionOptions(
        class_map=read_class_map(args.class_map) if args.class_map else None,
        classes=split_names('--classes', args.classes),
        angle_unit=args.angle_unit,
        skip_unpaired=args.skip_unpaired,
        skip_unknown=args.skip_unknown,
        transfer=args.transfer,
        verify=args.verify,
    )
    notes: list[str] = []
    if args.target_format == 'gis':
        summary, notes = convert_to_gis(args, options)
    elif args.source_format == 'gis':
        summary, notes = convert_from_gis(args, options)
    else:
        with progress_bar('converting') as show:
            summary = convert(args.source_format, args.target_format, args.source, args.out, options, show)
    print(f'{summary.images} images, {summary.objects.total()} objects in {args.out}')
    for name, count in summary.objects.most_common():
        difficult = summary.difficult[name]
        print(f'  {name}: {count}' + (f' ({difficult} difficult)' if difficult else ''))
    if summary.dropped:
        print('dropped: ' + ', '.join(f'{name} {count}' for name, count in summary.dropped.most_common()))
    if summary.unpaired:
        print(f'skipped: {summary.unpaired} images without labels or labels without an image')
    if summary.rectangles:
        print(f'{summary.rectangles} quads are no rectangles and became their minimum-area rectangles')
    for note in notes:
        print(note)
