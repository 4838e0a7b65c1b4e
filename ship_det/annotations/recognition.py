"""The format of a data set, told by the content of its label files."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ship_det.annotations.dota import is_number
from ship_det.files import parse_json, read_text

# Label files that are looked at, of each kind, and bytes of an XML file.
_FILES, _BYTES = 50, 1 << 18
_DEPTH = 5
# What only one format's XML has, the most telling first.
_XML_MARKS = (
    ('HRSC_Image', 'hrsc'),
    ('possibleresult', 'fair1m'),
    ('x_left_top', 'dior'),
    ('rotated_bndbox', 'ssdd'),
    ('polarization', 'rsdd'),
    ('robndbox', 'rolabelimg'),
    ('x4', 'shiprsimagenet'),
    ('bndbox', 'voc'),
)
# Horizontal boxes may lie among, or in a folder beside, the rotated ones of these.
_ALSO = {'voc': ('rolabelimg', 'dior', 'ssdd', 'shiprsimagenet')}


def recognise_format(root: str | os.PathLike) -> tuple[str, Path]:
    """The name of a data set's format, and a label file that shows it.

    Raises:
        ValueError: naming the folder: no label file of a known format is there, or such of several formats.
    """
    root = Path(root)
    if not root.is_dir():
        raise ValueError(f'{root}: no such folder, expected a data set')
    evidence: dict[str, Path] = {}
    for path in _label_files(root):
        for name in _formats_of(path):
            evidence.setdefault(name, path)
    for name, others in _ALSO.items():
        if name in evidence and any(other in evidence for other in others):
            del evidence[name]
    if not evidence:
        raise ValueError(f'{root}: found no label file of a known format, expected one (--from FORMAT names it)')
    if len(evidence) > 1:
        shown = '; '.join(f'{name} by {path}' for name, path in evidence.items())
        raise ValueError(f'{root}: may be {shown}; expected labels of one format (--from FORMAT chooses it)')
    return next(iter(evidence.items()))


def _label_files(root: Path) -> Iterator[Path]:
    """The first label files of each folder and kind, by name."""
    for folder, below, names in os.walk(root, followlinks=True):
        below[:] = sorted(name for name in below if not name.startswith('.'))
        if len(Path(folder).relative_to(root).parts) >= _DEPTH:
            below.clear()
        for suffix in ('.xml', '.json', '.txt'):
            files = sorted(name for name in names if name.lower().endswith(suffix) and not name.startswith('.'))
            yield from (Path(folder, name) for name in files[:_FILES])


def _formats_of(path: Path) -> tuple[str, ...]:
    """Formats that a file may be a label file of; none where it is of no known one."""
    try:
        if path.suffix.lower() == '.xml':
            return _xml_formats(path)
        if path.suffix.lower() == '.json':
            return _json_formats(parse_json(read_text(path)))
        return _text_formats(read_text(path))
    except ValueError:
        return ()


def _xml_formats(path: Path) -> tuple[str, ...]:
    with path.open('rb') as file:
        # Tags are ASCII in every encoding; UTF-16 has a zero byte beside each.
        text = file.read(_BYTES).replace(b'\0', b'').decode('latin-1')
    if re.search(r'<annotations[\s>]', text) and re.search(r'<(image|track|meta)[\s>]', text):
        return ('cvat',)
    return next(((name,) for mark, name in _XML_MARKS if re.search(rf'<{mark}[\s/>]', text)), ())


def _json_formats(content: Any) -> tuple[str, ...]:
    if isinstance(content, list):
        tasks = content and all(isinstance(task, dict) and 'annotations' in task and 'data' in task for task in content)
        return ('label-studio',) if tasks else ()
    if not isinstance(content, dict):
        return ()
    if {'shapes', 'imagePath'} <= content.keys():
        return ('labelme',)
    if {'images', 'annotations', 'categories'} <= content.keys():
        return (
            ('coco-rotated', 'coco-rotated-clockwise')
            if _turns_either_way(content['annotations'])
            else ('coco-rotated',)
        )
    return ()


def _turns_either_way(annotations: Any) -> bool:
    """Whether an angle alone says how a box of a COCO file is turned: no corners go with it."""
    boxes = [found for found in annotations if isinstance(found, dict)] if isinstance(annotations, list) else []
    return any(
        isinstance(found.get('bbox'), list) and len(found['bbox']) == 5 and not found.get('segmentation')
        for found in boxes
    )


def _text_formats(text: str) -> tuple[str, ...]:
    lines = [line.split() for line in text.split('\n') if line.strip()]
    if lines and lines[0][0].lower().startswith(('imagesource:', 'gsd:')):
        return ('dota',)
    row = next(iter(lines), [])
    if len(row) >= 9 and all(map(is_number, row[:8])) and not is_number(row[8]):
        return ('dota',)
    return ('yolo-obb',) if len(row) in (6, 9, 10) and all(map(is_number, row)) else ()
