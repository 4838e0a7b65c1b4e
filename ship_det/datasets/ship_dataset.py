"""Chips with rotated ship annotations in DOTA layout."""

from collections import Counter
from pathlib import Path

from mmdet.datasets import BaseDetDataset
from mmengine.logging import print_log
from mmrotate.registry import DATASETS

from ship_det.annotations import AOSR15_CLASSES, read_dota
from ship_det.annotations.folders import list_images

#: Label of an ignore region without a class; ``ignore_flag`` is 1 wherever it occurs.
NO_CLASS = -1


@DATASETS.register_module()
class ShipDataset(BaseDetDataset):
    """Images and DOTA labels: ROOT/images/NAME.png and ROOT/labelTxt/NAME.txt.

    The classes are those of ``metainfo=dict(classes=(...))``, AOSR15's without it. An object marked difficult is an
    ignore region of its class: neither a ship to find nor background.

    Args:
        ann_file: a text file below ``data_root`` with one image name a line (what ``data_tools/split.py`` writes);
            empty for every image of the folder.
        data_prefix: folders below ``data_root``: ``img_path`` for images, ``label_path`` for labels.
        other_classes: what to do with an object of a class that ``metainfo`` does not list: 'error', or leave it out
            as 'background', or make it an ignore region without a class ('ignore'): an ignored instance with label
            -1. How many there are of each is logged.
        kwargs: as in MMDetection's BaseDetDataset. ``filter_cfg=dict(filter_empty_gt=True)`` leaves out images without
            ships while training.

    Raises:
        ValueError: a folder, list, image or label file is missing, or a label file is wrong; the message names it.
    """

    METAINFO = dict(classes=AOSR15_CLASSES)  # noqa: RUF012 - the name and type are MMEngine's

    def __init__(
        self,
        *args,
        ann_file: str = '',
        data_prefix: dict | None = None,
        other_classes: str = 'error',
        **kwargs,
    ) -> None:
        prefix = dict(img_path='images', label_path='labelTxt') | dict(data_prefix or {})
        if other_classes not in ('error', 'background', 'ignore'):
            raise ValueError(f"other_classes must be 'error', 'background' or 'ignore', got {other_classes!r}")
        self.other_classes = other_classes
        super().__init__(*args, ann_file=ann_file, data_prefix=prefix, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Annotations of all images, sorted by file name, in MMDetection's format with (8,) corner boxes."""
        image_dir, label_dir = Path(self.data_prefix['img_path']), Path(self.data_prefix['label_path'])
        for folder, purpose in ((image_dir, 'images'), (label_dir, 'DOTA labels')):
            if not folder.is_dir():
                raise ValueError(f'{folder}: no such folder; expected the {purpose} of the data set there')
        label_of = {name: i for i, name in enumerate(self.metainfo['classes'])}
        known = tuple(label_of) if self.other_classes == 'error' else None
        others, data_list = Counter(), []
        for image_id, path in enumerate(self._image_paths(image_dir)):
            label_path = label_dir / f'{path.stem}.txt'
            if not label_path.is_file():
                raise ValueError(f'{label_path}: no such file; expected the labels of {path.name} (empty if no ships)')
            instances = []
            for obj in read_dota(label_path, known):
                listed = obj.name in label_of
                others.update([] if listed else [obj.name])
                if listed or self.other_classes == 'ignore':
                    instances.append(
                        dict(
                            bbox=obj.quad.reshape(8).tolist(),
                            bbox_label=label_of.get(obj.name, NO_CLASS),
                            ignore_flag=int(obj.difficult or not listed),
                        )
                    )
            data_list.append(dict(img_id=image_id, img_path=str(path), file_name=path.name, instances=instances))
        if others:
            counts = ', '.join(f'{name} {n}' for name, n in sorted(others.items()))
            print_log(f'{label_dir}: objects of other classes taken as {self.other_classes}: {counts}', 'current')
        return data_list

    def filter_data(self) -> list[dict]:
        """Leave out images without a ship to learn from, where ``filter_cfg`` asks for it, but never in test mode."""
        wanted = bool(self.filter_cfg) and self.filter_cfg.get('filter_empty_gt', False)
        if self.test_mode or not wanted:
            return self.data_list
        kept = [info for info in self.data_list if any(not i['ignore_flag'] for i in info['instances'])]
        if not kept:
            raise ValueError(
                f'{self.data_prefix["label_path"]}: none of {len(self.data_list)} images has an object that is not'
                f' difficult; expected at least one of {", ".join(self.metainfo["classes"])}'
            )
        return kept

    def get_cat_ids(self, idx: int) -> list[int]:
        """Classes of the instances of an image that count, which MMDetection's ClassBalancedDataset repeats it by."""
        return [i['bbox_label'] for i in self.get_data_info(idx)['instances'] if not i['ignore_flag']]

    def _image_paths(self, image_dir: Path) -> list[Path]:
        if not self.ann_file:
            return list_images(image_dir)
        listing = Path(self.ann_file)
        if not listing.is_file():
            raise ValueError(f'{listing}: no such file; expected one image name a line')
        names = [line.strip() for line in listing.read_text().splitlines() if line.strip()]
        if not names:
            raise ValueError(f'{listing}: empty; expected one image name a line')
        for number, name in enumerate(names, 1):
            if not (image_dir / name).is_file():
                raise ValueError(f'{listing}:{number}: {image_dir / name} does not exist')
        return [image_dir / name for name in names]
