"""Pictures of a data set on one sheet: which to show, and how they are laid out."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ship_det.dataset_checks.check import Report
from ship_det.drawing.fonts import picture_font
from ship_det.files import replacing

# Share of the sheet that may go to images with findings.
_FLAGGED = 1 / 2
_FONT_SIZE = 12
_CAPTION = 18
_GAP = 6
_GROUND, _INK = (32, 42, 50), (235, 240, 244)


def choose_images(report: Report, limit: int) -> list[int]:
    """Images worth a look: one of each kind of finding in turn, then of each class, rarest first, then the fullest.

    Returns:
        At most ``limit`` indices of the report's images.
    """
    index = {image.name: number for number, image in enumerate(report.images)}
    kinds: dict[str, list[int]] = {}
    for finding in report.findings:
        if finding.image and (number := index[finding.image]) not in kinds.setdefault(finding.check, []):
            kinds[finding.check].append(number)
    in_turn = [of_kind[turn] for turn in range(limit) for of_kind in kinds.values() if turn < len(of_kind)]
    chosen = list(dict.fromkeys(in_turn))[: max(int(limit * _FLAGGED), 1)]
    for name, _ in reversed(report.counts.most_common()):
        if not any(report.records[number].counts[name] for number in chosen):
            chosen.append(max(range(len(report.records)), key=lambda number: report.records[number].counts[name]))
    fullest = sorted(range(len(report.records)), key=lambda number: -report.records[number].counts.total())
    return list(dict.fromkeys([*chosen, *fullest]))[:limit]


def arrange(pictures: Sequence[NDArray[np.uint8]], captions: Sequence[str], side: int, columns: int) -> NDArray:
    """Lay pictures out in rows, each with its caption below.

    Args:
        pictures: (h, w, 3) uint8 each, at most ``side`` px wide.
        captions: one a picture, cut where it is too long.
        side: width that each picture gets, px.
        columns: pictures in a row.

    Returns:
        (H, W, 3) uint8.
    """
    columns = min(columns, len(pictures))
    rows = [range(start, min(start + columns, len(pictures))) for start in range(0, len(pictures), columns)]
    heights = [max(pictures[place].shape[0] for place in row) + _CAPTION + _GAP for row in rows]
    sheet = Image.new('RGB', (columns * (side + _GAP) + _GAP, sum(heights) + _GAP), _GROUND)
    pen = ImageDraw.Draw(sheet)
    top = _GAP
    for row, height in zip(rows, heights, strict=True):
        for column, place in enumerate(row):
            left = _GAP + column * (side + _GAP)
            sheet.paste(Image.fromarray(pictures[place]), (left, top))
            font, caption = picture_font(captions[place], _FONT_SIZE)
            while caption and font.getlength(caption) > side:
                caption = caption[:-1]
            pen.text((left, top + height - _CAPTION - _GAP + 2), caption, fill=_INK, font=font)
        top += height
    return np.asarray(sheet)


def write_sheet(path: str | os.PathLike, sheet: NDArray[np.uint8]) -> None:
    """Write a PNG or JPEG, as the name ends."""
    kind = Image.registered_extensions()[Path(path).suffix.lower()]
    with replacing(path) as temporary:
        Image.fromarray(sheet).save(temporary, kind)
