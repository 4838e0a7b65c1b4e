"""Lists of classes: what is one, and those of known ship data sets."""

from collections.abc import Collection

#: The 15 classes a-o of NUDT-AOSR15 (CI loss paper, Sec. IV-C), in the paper's order.
AOSR15_CLASSES = (
    'aircraft-carrier',
    'perry-frigate',
    'ticonderoga-cruiser',
    'burke-destroyer',
    'independence',
    'freedom',
    'amphibious-assault-ship',
    'tanker',
    'container-ship',
    'cargo-ship',
    'amphibious-transport-ship',
    'small-military-warship',
    'supply-ship',
    'submarine',
    'others',
)


def check_classes(classes: Collection[str], where: str = 'classes') -> None:
    """Refuse what is no list of different class names, such as one name as a text, which is a list of letters.

    Raises:
        ValueError: naming ``where``, with what was found.
    """
    if isinstance(classes, str):
        raise ValueError(f'{where}: found the text {classes!r}, expected a list of names such as [{classes!r}]')
    if len(set(classes)) != len(classes):
        raise ValueError(f'{where}: a name occurs twice in {list(classes)}, expected different names')
