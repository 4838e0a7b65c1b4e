"""Drawing rotated boxes with labels on an image."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFont

from ship_det.drawing.fonts import picture_font

Color = tuple[int, int, int]
#: Left, top, right, bottom, px.
Rectangle = tuple[int, int, int, int]

#: Colours that people with any kind of colour vision tell apart, on water and on land (Okabe and Ito).
GROUND_TRUTH_COLOR: Color = (86, 180, 233)
RIGHT_COLOR: Color = (240, 228, 66)
WRONG_COLOR: Color = (255, 106, 38)
MISSED_COLOR: Color = (255, 95, 210)

_FONT_SIZE = 12
# So many lines above or below its box a label moves where all places beside the box are taken.
_LABEL_STEPS = 3
# Lines are drawn this many times larger and averaged down.
_SUPERSAMPLING = 4
# Width of the dark seam on either side of a line, which keeps it visible on bright ground, px.
_SEAM = 1
_SEAM_OPACITY = 0.45


def _place_label(
    corners: NDArray, size: tuple[int, int], bounds: tuple[int, int], taken: list[Rectangle]
) -> tuple[int, int]:
    """Top left corner of a label of ``size`` px at one of the ``corners``, inside ``bounds``, off those ``taken``."""
    width, height = size
    best, least = (0, 0), None
    for x, y in _label_places(corners, size):
        left = int(np.clip(x, 0, max(bounds[0] - width, 0)))
        top = int(np.clip(y, 0, max(bounds[1] - height, 0)))
        overlap = sum(_overlap((left, top, left + width, top + height), other) for other in taken)
        if least is None or overlap < least:
            best, least = (left, top), overlap
        if overlap == 0:
            break
    taken.append((*best, best[0] + width, best[1] + height))
    return best


def _label_places(corners: NDArray, size: tuple[int, int]) -> Iterator[tuple[float, float]]:
    """Top left corners for a label, best first: at each corner, on either side of it, then further above and below."""
    width, height = size
    ordered = corners[np.argsort(corners[:, 1], kind='stable')]
    for start in (0, -width):
        for x, y in ordered:
            yield from ((x + start, y - height), (x + start, y))
    for step in range(2, _LABEL_STEPS + 2):
        for start in (0, -width):
            yield ordered[0, 0] + start, ordered[0, 1] - step * height
            yield ordered[-1, 0] + start, ordered[-1, 1] + (step - 1) * height


def _overlap(a: Rectangle, b: Rectangle) -> int:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0) * max(height, 0)


def draw_boxes(
    image: NDArray[np.uint8],
    quads: ArrayLike,
    labels: Sequence[str] | None = None,
    color: Color | Sequence[Color] = RIGHT_COLOR,
    width: float = 2,
) -> NDArray[np.uint8]:
    """Draw quads with antialiased lines, and a label at a corner of each.

    Args:
        image: (H, W, 3) uint8, RGB.
        quads: (N, 4, 2) corners in px; what lies outside the image is cut off.
        labels: N texts, empty ones are left out; None for no labels.
        color: RGB, or one for each quad.
        width: of the lines, px.

    Returns:
        (H, W, 3) uint8, a new image.

    Raises:
        ValueError: shapes, the type of the image or the number of labels do not fit.
    """
    image, quads = np.asarray(image), np.asarray(quads, dtype=np.float64).reshape(-1, 4, 2)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f'expected an image (H, W, 3) of uint8, found {image.shape} of {image.dtype}')
    if labels is not None and len(labels) != len(quads):
        raise ValueError(f'expected one label a quad, found {len(quads)} quads and {len(labels)} labels')
    colors = np.broadcast_to(np.asarray(color, dtype=int).reshape(-1, 3), (len(quads), 3)).tolist()
    canvas = Image.fromarray(image).copy()
    for quad, own in zip(quads, colors, strict=True):
        _draw_outline(canvas, quad, tuple(own), width)
    taken: list[Rectangle] = []
    for quad, label, own in zip(quads, labels or [], colors, strict=False):
        if label:
            _draw_label(canvas, quad, label, tuple(own), taken)
    return np.array(canvas)


def _draw_outline(canvas: Image.Image, quad: NDArray, color: Color, width: float) -> None:
    """Draw the outline of one quad, supersampled in its own neighbourhood only."""
    margin = width / 2 + _SEAM + 1
    low = np.maximum(np.floor(quad.min(axis=0) - margin), 0).astype(int)
    high = np.minimum(np.ceil(quad.max(axis=0) + margin), canvas.size).astype(int)
    if (high <= low).any():
        return
    corners = (quad - low) * _SUPERSAMPLING
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    place = (int(low[0]), int(low[1]))
    seam = _outline_mask(corners, width + 2 * _SEAM, size).point(lambda value: int(value * _SEAM_OPACITY))
    canvas.paste((0, 0, 0), place, seam)
    canvas.paste(color, place, _outline_mask(corners, width, size))


def _outline_mask(corners: NDArray, width: float, size: tuple[int, int]) -> Image.Image:
    mask = Image.new('L', (size[0] * _SUPERSAMPLING, size[1] * _SUPERSAMPLING))
    pen = ImageDraw.Draw(mask)
    points = [tuple(corner) for corner in corners]
    pen.line([*points, points[0]], fill=255, width=max(round(width * _SUPERSAMPLING), 1), joint='curve')
    radius = width * _SUPERSAMPLING / 2
    # Round corners: a line ends square, which leaves a notch where the last one meets the first.
    for x, y in points:
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return mask.resize(size, Image.Resampling.BOX)


def _draw_label(canvas: Image.Image, quad: NDArray, label: str, color: Color, taken: list[Rectangle]) -> None:
    font, label = picture_font(label, _FONT_SIZE)
    left, top, right, bottom = font.getbbox(label)
    # Letters such as g and A sit on the same plate height.
    _, line_top, _, line_bottom = font.getbbox('Ag')
    padding = 3
    size = (int(right - left) + 2 * padding, int(max(bottom, line_bottom) - min(top, line_top)) + 2 * padding)
    x, y = _place_label(quad, size, canvas.size, taken)
    pen = ImageDraw.Draw(canvas)
    pen.rectangle((x, y, x + size[0] - 1, y + size[1] - 1), fill=color)
    luminance = np.dot(color, (0.299, 0.587, 0.114))
    ink = (0, 0, 0) if luminance > 110 else (255, 255, 255)
    pen.text((x + padding - left, y + padding - min(top, line_top)), label, fill=ink, font=font)


def add_legend(image: NDArray[np.uint8], entries: Sequence[tuple[str, Color]]) -> NDArray[np.uint8]:
    """Add a strip below an image that says what the colours mean.

    Args:
        image: (H, W, 3) uint8, RGB.
        entries: text and colour; those that do not fit in the width start a new line.

    Returns:
        (H + lines, W, 3) uint8, a new image.
    """
    font = ImageFont.load_default(size=_FONT_SIZE)
    line, swatch, gap = _FONT_SIZE + 10, 16, 8
    places, x, y = [], gap, 0
    for text, _ in entries:
        width = swatch + gap + int(np.ceil(font.getlength(text)))
        if x > gap and x + width > image.shape[1]:
            x, y = gap, y + line
        places.append((x, y))
        x += width + 2 * gap
    strip = Image.new('RGB', (image.shape[1], y + line), (32, 42, 50))
    pen = ImageDraw.Draw(strip)
    for (text, color), (x, y) in zip(entries, places, strict=True):
        pen.rectangle((x, y + line // 2 - 5, x + swatch, y + line // 2 + 4), outline=color, width=2)
        pen.text((x + swatch + gap, y + line // 2), text, fill=(235, 240, 244), font=font, anchor='lm')
    return np.concatenate([image, np.asarray(strip)])
