"""Chips with rotated ship annotations in DOTA layout."""

from collections import Counter
from typing import Any

from mmdet.datasets import BaseDetDataset
from mmengine.logging import MMLogger
from mmrotate.registry import DATASETS

from ship_det.annotations import AOSR15_CLASSES, DotaFolder
from ship_det.annotations.classes import check_classes
from ship_det.annotations.dota_folder import OtherClasses
from ship_det.progress import FOR_CONSOLE, count_noun

#: Label of an ignore region without a class; ``ignore_flag`` is 1 wherever it occurs.
NO_CLASS = -1

_OTHER_ROOT = '; data_root in the config or --data-root names another data set'
_OTHER_LIST = (
    '; `ship-det split --val 0.1` makes train.txt, val.txt and test.txt; ann_file=... of that data set in the config '
    "names another list, ann_file='' takes every image"
)
_OTHER_CLASSES = (
    '; classes = (...) in the config or --classes names others; other_classes in the config or --other-classes, as '
    'ignore or background, leaves them out'
)


@DATASETS.register_module()
class ShipDataset(BaseDetDataset):
    """Images and DOTA labels: ROOT/images/NAME.png and ROOT/labelTxt/NAME.txt.

    In test mode each data sample has the labels as they are on disk beside what the pipeline makes of them, under the
    key ``instances`` of its metainfo: ``VOCRotatedMetric`` compares detections with the quads as labelled.

    The classes are those of ``metainfo=dict(classes=(...))``, AOSR15's without it. An object marked difficult is an
    ignore region of its class: neither a ship to find nor background.

    Args:
        ann_file: a text file below ``data_root`` or anywhere with one image name a line (what
            ``ship-det split`` writes), see :meth:`ship_det.annotations.DotaFolder.read_list`; empty for every
            image of the folder.
        data_prefix: folders below ``data_root``: ``img_path`` for images, ``label_path`` for labels.
        other_classes: what to do with an object of a class that ``metainfo`` does not list: 'error', or leave it out
            as 'background', or make it an ignore region without a class ('ignore'): an ignored instance with label
            -1. How many there are of each is logged.
        kwargs: as in MMDetection's BaseDetDataset. ``filter_cfg=dict(filter_empty_gt=True)`` leaves out images without
            ships while training.

    Raises:
        ValueError: a folder, list, image or label file is missing, or a list or label file is wrong; the message names
            it.
    """

    ann_file: str
    METAINFO = dict(classes=AOSR15_CLASSES)  # noqa: RUF012 - the name and type are MMEngine's

    def __init__(
        self,
        *args,
        ann_file: str = '',
        data_prefix: dict | None = None,
        other_classes: OtherClasses = 'error',
        **kwargs: Any,
    ) -> None:
        prefix = dict(img_path='images', label_path='labelTxt') | dict(data_prefix or {})
        if other_classes not in ('error', 'background', 'ignore'):
            raise ValueError(f"other_classes must be 'error', 'background' or 'ignore', got {other_classes!r}")
        self.other_classes = other_classes
        super().__init__(*args, ann_file=ann_file, data_prefix=prefix, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Annotations of all images, by name or as listed, in MMDetection's format with (8,) corner boxes."""
        folder = self._folder()
        folder.require(hint=_OTHER_ROOT)
        check_classes(self.metainfo['classes'], "metainfo['classes']")
        label_of = {name: i for i, name in enumerate(self.metainfo['classes'])}
        others: Counter[str] = Counter()
        data_list = []
        list_file = folder.find_list(self.ann_file, _OTHER_LIST) if self.ann_file else None
        for image_id, path in enumerate(folder.select(list_file)):
            ships, rest = folder.read_objects(path, label_of, self.other_classes, _OTHER_CLASSES)
            others.update(obj.name for obj in rest)
            instances = [
                dict(
                    bbox=obj.quad.reshape(8).tolist(),
                    bbox_label=label_of.get(obj.name, NO_CLASS),
                    ignore_flag=int(obj.difficult or obj.name not in label_of),
                )
                for obj in (ships + rest if self.other_classes == 'ignore' else ships)
            ]
            data_list.append(dict(img_id=image_id, img_path=str(path), file_name=path.name, instances=instances))
        if others:
            counts = ', '.join(f'{name} {n}' for name, n in sorted(others.items()))
            message = f'{folder.label_dir}: objects of other classes taken as {self.other_classes}: {counts}'
            MMLogger.get_current_instance().info(message, extra=FOR_CONSOLE)
        return data_list

    def filter_data(self) -> list[dict]:
        """Leave out images without a ship to learn from, where ``filter_cfg`` asks for it, but never in test mode.

        Raises:
            ValueError: no image of a training set has one.
        """
        if self.test_mode:
            return self.data_list
        kept = [info for info in self.data_list if any(not i['ignore_flag'] for i in info['instances'])]
        if not kept:
            raise ValueError(
                f'{self.data_prefix["label_path"]}: none of {count_noun(len(self.data_list), "image")} has an object '
                f'that is not difficult; expected at least one of {", ".join(self.metainfo["classes"])}'
            )
        return kept if (self.filter_cfg or {}).get('filter_empty_gt', False) else self.data_list

    def prepare_data(self, idx: int) -> Any:
        """What the pipeline makes of an image; in test mode with its labels, whatever the pipeline keeps of them."""
        data = super().prepare_data(idx)
        if self.test_mode and isinstance(data, dict) and 'data_samples' in data:
            samples = data['data_samples']
            # Test-time augmentation makes several samples of an image.
            for sample in samples if isinstance(samples, list) else [samples]:
                sample.set_metainfo({'instances': self.get_data_info(idx)['instances']})
        return data

    def get_cat_ids(self, idx: int) -> list[int]:
        """Classes of the instances of an image that count, which MMDetection's ClassBalancedDataset repeats it by."""
        return [i['bbox_label'] for i in self.get_data_info(idx)['instances'] if not i['ignore_flag']]

    def _folder(self) -> DotaFolder:
        return DotaFolder(self.data_root or '', self.data_prefix['img_path'], self.data_prefix['label_path'])

    def _join_prefix(self) -> None:
        """Find the folders below the root, and the list there or from here."""
        given = self.ann_file
        super()._join_prefix()
        found = self._folder().locate_list(given) if given else None
        if found is not None:
            self.ann_file = str(found)
