"""Chips in the parts that their scenes are in already, by the lists of the scenes' data set."""

from collections.abc import Sequence

from ship_det.annotations import DotaFolder
from ship_det.tiling.chip_index import Chip


def split_as_scenes(chips: Sequence[Chip], scenes: DotaFolder) -> tuple[dict[str, list[Chip]], list[str]]:
    """Give each chip to the part whose list, in the data set of the scenes, names its scene.

    Validation and test get no chips that were added on ships.

    Returns:
        Chips of each part that has a list, in the order of ``chips``, and names of scenes that no list names.

    Raises:
        ValueError: naming the folder or scene: there are no lists, none of training, or a scene is in training and in
            another part; or as :meth:`DotaFolder.read_list`.
    """
    lists = scenes.lists
    if 'train' not in lists:
        found = ', '.join(path.name for path in lists.values()) or 'no lists'
        raise ValueError(f'{scenes.root}: found {found}, expected train.txt and test.txt or val.txt')
    listed = {part: {image.name for image in scenes.read_list(path)} for part, path in lists.items()}
    for part, names in listed.items():
        twice = sorted(names & listed['train']) if part != 'train' else []
        if twice:
            raise ValueError(f'{lists[part]}: {twice[0]} is in {lists["train"].name}, too, expected it in one of them')
    parts = {
        part: [chip for chip in chips if chip.scene in names and (part == 'train' or not chip.added)]
        for part, names in listed.items()
    }
    empty = [part for part, of_part in parts.items() if not of_part]
    if empty:
        scene = chips[0].scene if chips else 'none'
        raise ValueError(f'{lists[empty[0]]}: no chip is of a scene in it (the first is of {scene}), expected some')
    unlisted = sorted({chip.scene for chip in chips} - set().union(*listed.values()))
    return parts, unlisted
