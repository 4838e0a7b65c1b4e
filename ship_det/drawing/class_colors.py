"""Colours that tell ship classes apart on a map, on water and on land, on aerial images and on white."""

import colorsys

# Okabe and Ito's, told apart with any kind of colour vision; then some between them.
_PALETTE = (
    '#e69f00', '#56b4e9', '#009e73', '#d55e00', '#cc79a7', '#f0e442', '#0072b2', '#9467bd', '#8a6d00', '#7fe0c3',
)  # fmt: skip
# A turn of the colour wheel by the golden ratio lands far from all the earlier ones.
_GOLDEN_TURN = 0.618_033_988_75


def class_colors(count: int) -> list[str]:
    """A colour for each of ``count`` classes, ``'#rrggbb'``, no two alike."""
    colors = list(_PALETTE[:count])
    for index in range(len(colors), count):
        # Rounds of the wheel alternate in lightness.
        lightness = (0.45, 0.6, 0.75)[index % 3]
        channels = colorsys.hls_to_rgb(index * _GOLDEN_TURN % 1, lightness, 0.75)
        colors.append('#' + ''.join(f'{round(255 * channel):02x}' for channel in channels))
    return colors
