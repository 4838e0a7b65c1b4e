"""What a check reports, and from where on it does."""

from dataclasses import dataclass

#: Training or testing fails or learns what is wrong.
ERROR = 'error'
#: May be right, but is worth a look.
WARNING = 'warning'


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or odd.

    Attributes:
        check: what was looked for, the same words for all findings of a kind.
        severity: ERROR or WARNING.
        where: path from the data set's root, with the line where there is one.
        message: what was found.
        image: file name of the image that it concerns; empty for none.
        line: of the image's label file, 0 for none.
    """

    check: str
    severity: str
    where: str
    message: str
    image: str = ''
    line: int = 0


@dataclass(frozen=True)
class CheckOptions:
    """Limits of what is not worth a look.

    Attributes:
        min_side: shorter side of a box, px.
        max_aspect: long over short side.
        duplicate_iou: IoU of two boxes above which they are taken for one object.
        min_instances: of a class in the training images.
    """

    min_side: float = 4.0
    max_aspect: float = 20.0
    duplicate_iou: float = 0.9
    min_instances: int = 10

    def __post_init__(self) -> None:
        for name, least in (('min_side', 0), ('max_aspect', 1), ('min_instances', 0)):
            if not getattr(self, name) >= least:
                raise ValueError(f'{name}: expected a number from {least}, found {getattr(self, name)}')
