"""All formats of whole data sets by name."""

from functools import partial

from ship_det.annotations.coco_layout import RotatedCoco
from ship_det.annotations.cvat import Cvat
from ship_det.annotations.data_set import Format
from ship_det.annotations.dior import read_dior, write_dior
from ship_det.annotations.dota import check_dota_classes, read_dota, write_dota
from ship_det.annotations.fair1m import read_fair1m, write_fair1m
from ship_det.annotations.file_per_image import FilePerImage
from ship_det.annotations.hrsc import check_hrsc_classes, read_hrsc, write_hrsc
from ship_det.annotations.label_studio import LabelStudio
from ship_det.annotations.labelme import Labelme, read_labelme, write_labelme
from ship_det.annotations.rolabelimg import read_rolabelimg, write_rolabelimg
from ship_det.annotations.rsdd import read_rsdd, write_rsdd
from ship_det.annotations.voc import read_voc
from ship_det.annotations.xml_corners import read_shiprsimagenet, read_ssdd, write_shiprsimagenet, write_ssdd
from ship_det.annotations.yolo_layout import YoloObb

_VOC_LABELS = ('annotations',)
_VOC_OUT = ('JPEGImages', 'Annotations', 'ImageSets/Main')
_LISTS_OUT = ('JPEGImages', 'Annotations', 'ImageSets')
_voc = partial(FilePerImage, ('images', 'JPEGImages'), _VOC_LABELS, '.xml')

FORMATS: dict[str, Format] = {
    'dota': FilePerImage(
        ('images',),
        ('labelTxt', 'labelTxt*'),
        '.txt',
        read_dota,
        lambda path, objects, image, size: write_dota(path, objects),
        ('images', 'labelTxt', ''),
        check_classes=check_dota_classes,
    ),
    'hrsc': FilePerImage(
        ('images', 'AllImages'),
        _VOC_LABELS,
        '.xml',
        read_hrsc,
        write_hrsc,
        ('AllImages', 'Annotations', 'ImageSets'),
        has_angles=True,
        check_classes=check_hrsc_classes,
    ),
    'rolabelimg': _voc(read_rolabelimg, write_rolabelimg, ('images', 'annotations', 'ImageSets'), has_angles=True),
    'dior': FilePerImage(
        ('images', 'JPEGImages'),
        ('Annotations/Oriented Bounding Boxes', *_VOC_LABELS),
        '.xml',
        read_dior,
        write_dior,
        _VOC_OUT,
    ),
    'coco-rotated': RotatedCoco(),
    'coco-rotated-clockwise': RotatedCoco(clockwise=True),
    'yolo-obb': YoloObb(),
    'voc': _voc(read_voc, None, _VOC_OUT),
    'shiprsimagenet': _voc(read_shiprsimagenet, write_shiprsimagenet, _LISTS_OUT),
    'ssdd': _voc(read_ssdd, write_ssdd, _VOC_OUT),
    'rsdd': _voc(read_rsdd, write_rsdd, _LISTS_OUT, has_angles=True),
    'fair1m': FilePerImage(
        ('images',),
        ('labelXml', 'labelXml*'),
        '.xml',
        read_fair1m,
        write_fair1m,
        ('images', 'labelXml', 'ImageSets'),
        keeps_difficult=False,
    ),
    'cvat': Cvat(),
    'label-studio': LabelStudio(),
    'labelme': Labelme(
        ('images',),
        ('labels', 'annotations', 'images'),
        '.json',
        read_labelme,
        write_labelme,
        ('images', 'images', ''),
    ),
}
