"""All formats of whole data sets by name."""

from functools import partial
from pathlib import Path
from typing import Any

from ship_det.annotations.coco_layout import RotatedCoco
from ship_det.annotations.cvat import Cvat
from ship_det.annotations.data_set import DataSet, Format
from ship_det.annotations.dota import check_dota_classes, read_dota, write_dota
from ship_det.annotations.fair1m import FAIR1M
from ship_det.annotations.file_per_image import FilePerImage
from ship_det.annotations.hrsc import HRSC, check_hrsc_classes
from ship_det.annotations.label_studio import LabelStudio
from ship_det.annotations.labelme import read_labelme, write_labelme
from ship_det.annotations.objects import LabeledObject
from ship_det.annotations.rolabelimg import ROLABELIMG, RSDD
from ship_det.annotations.voc import VOC
from ship_det.annotations.xml_corners import DIOR, SHIPRSIMAGENET, SSDD
from ship_det.annotations.xml_format import XmlFormat
from ship_det.annotations.yolo_layout import YoloObb
from ship_det.raster import image_size

_VOC_LABELS = ('annotations',)
_VOC_OUT = ('JPEGImages', 'Annotations', 'ImageSets/Main')
_LISTS_OUT = ('JPEGImages', 'Annotations', 'ImageSets')


def _xml(
    kind: XmlFormat, images: tuple[str, ...], labels: tuple[str, ...], out: tuple[str, str, str], **options: Any
) -> FilePerImage:
    def read(path: Path, image: Path, angle_unit: str | None, found: DataSet) -> list[LabeledObject]:
        return kind.read(path, angle_unit)

    return FilePerImage(images, labels, '.xml', read, kind.write, out, **options)


_voc = partial(_xml, images=('images', 'JPEGImages'), labels=_VOC_LABELS)

FORMATS: dict[str, Format] = {
    'dota': FilePerImage(
        ('images',),
        ('labelTxt', 'labelTxt*'),
        '.txt',
        lambda path, *_: read_dota(path),
        lambda path, objects, image, size: write_dota(path, objects),
        ('images', 'labelTxt', ''),
        check_classes=check_dota_classes,
    ),
    'hrsc': _xml(
        HRSC,
        ('images', 'AllImages'),
        _VOC_LABELS,
        ('AllImages', 'Annotations', 'ImageSets'),
        keeps_quads=False,
        check_classes=check_hrsc_classes,
    ),
    'rolabelimg': _voc(ROLABELIMG, out=('images', 'annotations', 'ImageSets'), keeps_quads=False),
    'dior': _voc(DIOR, labels=('Annotations/Oriented Bounding Boxes', *_VOC_LABELS), out=_VOC_OUT),
    'coco-rotated': RotatedCoco(),
    # No reader would know how its angles turn.
    'coco-rotated-clockwise': RotatedCoco(clockwise=True, writable=False),
    'yolo-obb': YoloObb(keeps_difficult=False),
    'voc': _voc(VOC, out=_VOC_OUT, writable=False),
    'shiprsimagenet': _voc(SHIPRSIMAGENET, out=_LISTS_OUT),
    'ssdd': _voc(SSDD, out=_VOC_OUT),
    'rsdd': _voc(RSDD, out=_LISTS_OUT, keeps_quads=False),
    'fair1m': _xml(
        FAIR1M, ('images',), ('labelXml', 'labelXml*'), ('images', 'labelXml', 'ImageSets'), keeps_difficult=False
    ),
    'cvat': Cvat(),
    'label-studio': LabelStudio(),
    'labelme': FilePerImage(
        ('images',),
        ('labels', 'annotations', 'images'),
        '.json',
        lambda path, image, _, found: read_labelme(path, image_size(image), found),
        write_labelme,
        ('images', 'images', ''),
    ),
}
