"""Class names in any script on charts and pictures: which font shows them, and what is written where none does."""

import logging
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import ImageFont

# Pillow's own font has the letters of Latin scripts.
_LATIN_END = 0x180


def drawable(text: str) -> str:
    r"""A text whose letters a font of this machine has; of others the code points stand there, as in ``\u6e14``.

    The first such text is said in the log, with what helps.
    """
    missing = [letter for letter in text if find_font(letter) is None]
    if not missing:
        return text
    written = ''.join(_escape(letter) if letter in missing else letter for letter in text)
    if not _said:
        _said.append(text)
        logging.getLogger(__name__).warning(
            'no font here has all letters of %r: charts and pictures show %s; one such as Noto Sans CJK would help',
            text,
            written,
        )
    return written


def font_families() -> list[str]:
    """Names of the fonts that show all texts so far, the usual one first; a letter comes from the first that has it."""
    return [_family(path) for path in (_usual_font(), *_needed)]


def picture_font(text: str, size: int) -> tuple['ImageFont.FreeTypeFont | ImageFont.ImageFont', str]:
    """A font for Pillow, and the text so that the font has all of its letters."""
    from PIL import ImageFont

    if all(ord(letter) < _LATIN_END for letter in text):
        return ImageFont.load_default(size=size), text
    text = drawable(text)
    files = [path for path in map(find_font, text) if path is not None]
    # One font draws all: the one of the rarest script.
    others = [path for path in files if path != _usual_font()]
    path = max(others, key=_other_fonts().index) if others else _usual_font()
    letters = (letter if ord(letter) in _letters(path) else _escape(letter) for letter in text)
    return ImageFont.truetype(path, size), ''.join(letters)


# Files of other fonts than the usual one that some text needed, in that order.
_needed: dict[Path, None] = {}
# The first text that no font shows.
_said: list[str] = []


@cache
def find_font(letter: str) -> Path | None:
    """File of the first font that has a letter; None where no font here has it."""
    if letter.isspace() or ord(letter) in _letters(_usual_font()):
        return _usual_font()
    found = next((path for path in _other_fonts() if ord(letter) in _letters(path)), None)
    if found is not None:
        _needed[found] = None
    return found


@cache
def _usual_font() -> Path:
    """File of the font of all charts, which comes with matplotlib."""
    import matplotlib

    return Path(matplotlib.get_data_path(), 'fonts/ttf/DejaVuSans.ttf')


@cache
def _other_fonts() -> tuple[Path, ...]:
    """Files of the fonts of this machine, those made for text without serifs first."""
    from matplotlib import font_manager

    return tuple(sorted(map(Path, font_manager.findSystemFonts()), key=_plainness))


def _plainness(path: Path) -> tuple[bool, bool, str]:
    name = path.stem.lower()
    return any(style in name for style in ('bold', 'italic', 'oblique', 'mono')), 'sans' not in name, str(path)


@cache
def _letters(path: Path) -> frozenset[int]:
    """Code points that a font has; none of a font that cannot be read or consists of bitmaps."""
    from matplotlib.ft2font import FT2Font

    try:
        font = FT2Font(str(path))
        return frozenset(font.get_charmap()) if font.scalable else frozenset()
    except (RuntimeError, OSError):
        return frozenset()


@cache
def _family(path: Path) -> str:
    """Name of a font, by which matplotlib finds it."""
    from matplotlib import font_manager

    font_manager.fontManager.addfont(path)
    return font_manager.fontManager.ttflist[-1].name


def _escape(letter: str) -> str:
    return letter.encode('ascii', 'backslashreplace').decode()
