"""Crops of simulated harbors that are drawn while a detector trains: as many as it can see, and no set on disk."""

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np
from mmengine.dataset import Compose
from mmrotate.registry import DATASETS
from torch.utils.data import Dataset

from ship_det.annotations import AOSR15_CLASSES
from ship_det.annotations.classes import check_classes
from ship_det.simulation import crop
from ship_det.simulation.fleet import class_shares


@DATASETS.register_module()
class SimulatedHarbors(Dataset):
    """Labelled crops of simulated harbors, see :func:`ship_det.simulation.crop`; each crop has a seed of its own.

    Drawing a crop takes longer than a small detector takes to learn from it. With ``repeats`` each is given out several
    times, ``SHUFFLED`` indices apart, for the pipeline to cut another part of it each time. Read the indices in their
    order (``shuffle=False``), as crops are kept only until their last turn.

    Args:
        pipeline: what becomes of a crop; it has the keys that ``LoadImage`` gives, so the pipeline begins after that.
        crops: number of crops, a multiple of ``SHUFFLED`` where they are repeated.
        first_seed: seed of the first one; seeds from 1 000 000 on are used for training alone.
        size: side of a crop, px.
        gsd: metres a pixel, the least and the most of them.
        ships: how many ships are wanted in a crop.
        tail: how many times submarines outnumber tankers; 1 for as many of each class.
        metainfo: ``classes``: AOSR15's by default, or one class, which every ship is of.
        repeats: how often each crop is given out.

    Raises:
        ValueError: other classes than AOSR15's, or none; a number of crops that cannot be repeated.
    """

    #: Indices between a crop and its next turn. Even for several loading processes, which take batches in turns.
    SHUFFLED = 64

    def __init__(
        self,
        pipeline: Sequence[dict],
        crops: int = 1_000_000,
        first_seed: int = 1_000_000,
        size: int = 512,
        gsd: tuple[float, float] = (1.0, 1.2),
        ships: int = 14,
        tail: float = 45.0,
        metainfo: dict | None = None,
        repeats: int = 1,
    ) -> None:
        classes = (metainfo or {}).get('classes', AOSR15_CLASSES)
        check_classes(classes, "metainfo['classes']")
        classes = tuple(classes)
        if len(classes) != 1 and classes != tuple(AOSR15_CLASSES):
            raise ValueError(f'classes: expected one, or {", ".join(AOSR15_CLASSES)}, found {", ".join(classes)}')
        if repeats > 1 and crops % self.SHUFFLED:
            raise ValueError(f'crops: found {crops}, expected a multiple of {self.SHUFFLED}, as repeats={repeats}')
        self.metainfo = {'classes': classes}
        self.crops, self.first_seed, self.repeats = crops, first_seed, repeats
        self.ships, self.tail = ships, tail
        self.pipeline = Compose(pipeline)
        draw = partial(crop, size=size, gsd=(gsd[0], gsd[1]), ships=ships, tail=tail)
        self._draw = lru_cache(self.SHUFFLED if repeats > 1 else 1)(draw)

    def __len__(self) -> int:
        return self.crops * self.repeats

    def expected_instances(self) -> np.ndarray:
        """(C,) how many ships of each class all crops have on average, where all that are wanted find a place."""
        classes = self.metainfo['classes']
        shares = class_shares(self.tail)
        share = np.array([1.0] if len(classes) == 1 else [shares[name] for name in classes])
        return np.rint(len(self) * self.ships * share).astype(np.int64)

    def get_data_info(self, index: int) -> dict[str, Any]:
        """A crop in MMDetection's format, before the pipeline: its image (BGR) and its ships."""
        seed = self.first_seed + self._crop_of(index)
        image, ships = self._draw(seed)
        classes = self.metainfo['classes']
        instances = [
            {
                'bbox': ship.quad.reshape(8).tolist(),
                'bbox_label': 0 if len(classes) == 1 else classes.index(ship.name),
                'ignore_flag': int(ship.difficult),
            }
            for ship in ships
        ]
        shape = image.shape[:2]
        name = f'simulated {seed}'
        return {
            'img': np.ascontiguousarray(image[..., ::-1]),
            'img_id': seed,
            'img_path': name,
            'img_shape': shape,
            'ori_shape': shape,
            'instances': instances,
        }

    def _crop_of(self, index: int) -> int:
        """Which crop an index gives: those of a block, one after the other, over and over."""
        if self.repeats == 1:
            return index
        block, turn = divmod(index, self.SHUFFLED * self.repeats)
        return block * self.SHUFFLED + turn % self.SHUFFLED

    def __getitem__(self, index: int) -> Any:
        return self.pipeline(self.get_data_info(index))
