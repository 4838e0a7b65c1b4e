"""The results file: figures of an evaluation as JSON, with the choices and the software they depend on.

::

    {"format": "ship-det-results", "version": 1,
     "configuration": {"config": "...", "checkpoint": "...", ...},
     "software": {"ship-det": "0.1.0", "torch": "2.11.0", ...},
     "results": [{"iou_threshold": 0.6, "min_iou": ">", "ap_mode": "11points", "score_threshold": 0.5, "num_images": 16,
                  "ground_truth": "quads", "mean_ap": ..., "mean": {...},
                  "classes": {"tanker": {"ap": ..., ...}, ...}}]}

One entry of ``results`` an IoU threshold; null where there is no ground truth to have a figure of. ``scene_results``
has the same form and is there where the scenes that the images were cut from were evaluated too. Its entries also have
the area that was searched, ``"searched": {"megapixels": ..., "km2": ...}``, and ``"false_alarms_per_km2"``, null where
it is not known how large a pixel is.
"""

import json
import os
import platform
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

import ship_det
from ship_det.evaluation.result import EvaluationResult
from ship_det.files import write_text

FORMAT = 'ship-det-results'
VERSION = 1
_PACKAGES = ('numpy', 'shapely', 'torch', 'onedl-mmengine', 'onedl-mmcv', 'onedl-mmdetection', 'onedl-mmrotate')


def write_results(
    path: str | os.PathLike,
    results: Iterable[EvaluationResult],
    configuration: Any = None,
    scene_results: Iterable[EvaluationResult] = (),
) -> None:
    """Write a results file; its folder is made, and the file appears when it is complete.

    Args:
        path: file to write.
        results: of one evaluation, one an IoU threshold.
        configuration: what was evaluated, as JSON can hold it.
        scene_results: likewise, of whole scenes.
    """
    content = {
        'format': FORMAT,
        'version': VERSION,
        'configuration': configuration,
        'software': software(),
        'results': [result.to_dict() for result in results],
    }
    of_scenes = [result.to_dict() for result in scene_results]
    if of_scenes:
        content['scene_results'] = of_scenes
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + '\n')


def software() -> dict[str, str]:
    """Versions of Python, of this package and of those that figures may depend on, as far as they are installed."""
    versions = {'python': platform.python_version(), 'ship-det': ship_det.__version__}
    for name in _PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    if 'torch' in sys.modules:
        # With the build, such as +cpu, which the metadata leave out.
        versions['torch'] = str(sys.modules['torch'].__version__)
    return versions
