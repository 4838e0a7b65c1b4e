"""Known data sets, made up in the layout that they are published in, converted and loaded by their configs."""

import json
from pathlib import Path

import numpy as np
import pytest
from mmdet.utils import register_all_modules as register_mmdet
from mmrotate.datasets import DIORDataset, DOTAv2Dataset, HRSCDataset
from mmrotate.registry import DATASETS
from mmrotate.utils import register_all_modules
from PIL import Image

from ship_det.annotations import DotaFolder, read_dota
from ship_det.annotations.conversion import ConversionOptions, convert
from ship_det.annotations.recognition import recognise_format
from ship_det.launch import read_config
from ship_det.tiling import TilingOptions, tile_scenes
from ship_det.tiling.given_parts import split_as_scenes
from ship_det.tiling.splitting import read_chips

CONFIGS = Path(__file__).resolve().parents[2] / 'configs/_base_'
# A ship of 40 x 10 px at (50, 40), its long side 30 degrees clockwise on screen from the x axis.
SHIP = np.array([[35.179, 25.670], [69.821, 45.670], [64.821, 54.330], [30.179, 34.330]])
ANGLE = np.pi / 6
BOUNDS = '<bndbox><xmin>30</xmin><ymin>25</ymin><xmax>70</xmax><ymax>55</ymax></bndbox>'


@pytest.fixture(autouse=True)
def mmrotate_scope() -> None:
    register_mmdet(init_default_scope=False)
    register_all_modules(init_default_scope=True)


def write(path: Path, text: str = '') -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def image(path: Path, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (80, 100, 3), dtype=np.uint8)).save(path)


def voc(objects: str) -> str:
    size = '<size><width>100</width><height>80</height><depth>3</depth></size>'
    return f'<annotation><filename>x</filename>{size}<segmented>0</segmented>{objects}</annotation>'


def corners(*keys: str) -> str:
    """Elements of the ship's corners, ``x1``, ``y1``, ... or others of these endings."""
    return ''.join(f'<x{key}>{x}</x{key}><y{key}>{y}</y{key}>' for key, (x, y) in zip(keys, SHIP, strict=True))


def make_hrsc2016(root: Path) -> None:
    box = ''.join(
        f'<mbox_{key}>{value}</mbox_{key}>'
        for key, value in zip(('cx', 'cy', 'w', 'h', 'ang'), (50, 40, 40, 10, ANGLE), strict=True)
    )
    ship = f'<HRSC_Object><Class_ID>100000009</Class_ID><difficult>0</difficult>{box}</HRSC_Object>'
    for number in range(1, 5):
        name = f'10000000{number}'
        image(root / f'FullDataSet/AllImages/{name}.bmp')
        # Images without ships have an empty element, or none.
        objects = {2: '<HRSC_Objects/>', 3: ''}.get(number, f'<HRSC_Objects>{ship}</HRSC_Objects>')
        write(root / f'FullDataSet/Annotations/{name}.xml', f'<HRSC_Image>{objects}</HRSC_Image>')
        image(root / f'FullDataSet/LandMask/{name}.bmp')
        image(root / f'{"Test" if number == 4 else "Train"}/AllImages/{name}.bmp')
    for part, numbers in {'train': (1, 2), 'val': (3,), 'trainval': (1, 2, 3), 'test': (4,)}.items():
        write(root / f'ImageSets/{part}.txt', ''.join(f'10000000{number}\n' for number in numbers))


def make_shiprsimagenet(root: Path) -> None:
    turned = '<rotated_box><cx>50</cx><cy>40</cy><width>40</width><height>10</height><rot>-0.52</rot></rotated_box>'
    quad = corners(*'1234')
    for number in range(1, 4):
        image(root / f'VOC_Format/JPEGImages/00000{number}.bmp')
        image(root / f'masks/00000{number}.bmp')
        ship = f'<object><name>Perry FF</name><difficult>0</difficult>{BOUNDS}{turned}<polygon>{quad}</polygon>'
        if number < 3:
            write(root / f'VOC_Format/Annotations/00000{number}.xml', voc(f'{ship}<level_3>16</level_3></object>'))
    for number, part in enumerate(('train', 'val', 'test'), start=1):
        write(root / f'VOC_Format/ImageSets/{part}.txt', f'00000{number}.bmp\n')


def make_fair1m(root: Path) -> None:
    ring = ''.join(f'<point>{x},{y}</point>' for x, y in (*SHIP, SHIP[0]))
    kind = '<coordinate>pixel</coordinate><type>rectangle</type><description>None</description>'
    name = '<possibleresult><name>Dry Cargo Ship</name></possibleresult>'
    text = voc(f'<objects><object>{kind}{name}<points>{ring}</points></object></objects>')
    for folder, number in {'train/part1': 0, 'train/part2': 1, 'validation': 0}.items():
        image(root / f'{folder}/images/{number}.tif')
        write(root / f'{folder}/labelXml/{number}.xml', text)
    image(root / 'test/images/0.tif')


def make_dota(root: Path, version: str) -> None:
    row = ' '.join(str(value) for value in SHIP.ravel())
    header = 'imagesource:GoogleEarth\ngsd:0.15\n' if version == '1.0' else ''
    inner = {'1.0': 'labelTxt', '1.5': 'DOTA-v1.5_{}', '2.0': 'DOTA-v2.0_{}'}[version]
    for part, name in {'train': 'P0000', 'val': 'P0003'}.items():
        image(root / f'{part}/images/{name}.png')
        folder = root / f'{part}/labelTxt-v{version}'
        write(folder / inner.format(part) / f'{name}.txt', f'{header}{row} ship 0\n')
        write(folder / f'{inner.format(part)}_hbb/{name}.txt', '30 25 70 25 70 55 30 55 ship 0\n')
    image(root / 'test/images/P0006.png')


def make_dior_r(root: Path) -> None:
    keys = ('_left_top', '_right_top', '_right_bottom', '_left_bottom')
    ship = f'<object><name>ship</name><difficult>0</difficult><robndbox>{corners(*keys)}</robndbox></object>'
    flat = f'<object><name>ship</name>{BOUNDS}</object>'
    for number, part in enumerate(('train', 'val', 'test'), start=1):
        name = f'0000{number}'
        image(root / f'JPEGImages-{"test" if part == "test" else "trainval"}/{name}.jpg')
        write(root / f'Annotations/Oriented Bounding Boxes/{name}.xml', voc(ship))
        write(root / f'Annotations/Horizontal Bounding Boxes/{name}.xml', voc(flat))
        write(root / f'ImageSets/Main/{part}.txt', f'{name}\n')


def make_ssdd(root: Path) -> None:
    turned = '<rotated_bbox_cx>50</rotated_bbox_cx><rotated_bbox_theta>30</rotated_bbox_theta>'
    ship = f'<object><name>ship</name>{BOUNDS}<rotated_bndbox>{turned}{corners(*"1234")}</rotated_bndbox></object>'
    for kind in ('RBox_SSDD', 'BBox_SSDD'):
        for number, part in enumerate(('train', 'test'), start=1):
            text = voc(ship if kind == 'RBox_SSDD' else f'<object><name>ship</name>{BOUNDS}</object>')
            for end in ('', f'_{part}'):
                image(root / f'{kind}/voc_style/JPEGImages{end}/00000{number}.jpg')
                write(root / f'{kind}/voc_style/Annotations{end}/00000{number}.xml', text)
            write(root / f'{kind}/voc_style/ImageSets/Main/{part}.txt', f'00000{number}\n')
        write(root / f'{kind}/voc_style/ImageSets/Main/test_inshore.txt', '000002\n')


def make_rsdd(root: Path) -> None:
    box = f'<robndbox><cx>50</cx><cy>40</cy><h>40</h><w>10</w><angle>{ANGLE}</angle></robndbox>'
    about = '<polarization>VV</polarization><resolution>3</resolution>'
    for number, part in enumerate(('train', 'test'), start=1):
        image(root / f'JPEGImages/{number}.jpg')
        write(root / f'Annotations/{number}.xml', voc(f'{about}<object><name>ship</name>{box}</object>'))
        write(root / f'ImageSets/{part}.txt', f'{number}\n')
    write(root / 'ImageSets/test_inshore.txt', '2\n')
    image(root / 'JPEGValidation/scene.jpg')


def make_hrsid(root: Path) -> None:
    # The outline of the ship with a point on its upper side.
    outline = [*SHIP[0], *((SHIP[0] + SHIP[1]) / 2), *SHIP[1:].ravel()]
    ship = {'category_id': 1, 'segmentation': [outline], 'bbox': [30, 25, 40, 29], 'area': 400, 'iscrowd': 0}
    files = {'train2017': [1, 2], 'test2017': [3], 'train_test2017': [1, 2, 3]}
    for number in (1, 2, 3):
        image(root / f'JPEGImages/P000{number}.jpg')
    for name, numbers in files.items():
        images = [{'id': number, 'file_name': f'P000{number}.jpg', 'width': 100, 'height': 80} for number in numbers]
        annotations = [dict(ship, id=number, image_id=number) for number in numbers if number != 2]
        content = {'images': images, 'annotations': annotations, 'categories': [{'id': 1, 'name': 'ship'}]}
        write(root / f'annotations/{name}.json', json.dumps(content))


# Config, format, what makes it, options, images of each part, class of the ships.
SETS = {
    'hrsc2016': ('hrsc', make_hrsc2016, {}, {'train': 2, 'val': 1, 'trainval': 3, 'test': 1}, 'Perry'),
    'shiprsimagenet': (
        'shiprsimagenet',
        make_shiprsimagenet,
        {'skip_unpaired': True},
        {'train': 1, 'val': 1},
        'Perry FF',
    ),
    'fair1m': ('fair1m', make_fair1m, {'skip_unpaired': True}, {'train': 2, 'val': 1}, 'Dry Cargo Ship'),
    'dota10': ('dota', lambda root: make_dota(root, '1.0'), {'skip_unpaired': True}, {'train': 1, 'val': 1}, 'ship'),
    'dota15': ('dota', lambda root: make_dota(root, '1.5'), {'skip_unpaired': True}, {'train': 1, 'val': 1}, 'ship'),
    'dota20': ('dota', lambda root: make_dota(root, '2.0'), {'skip_unpaired': True}, {'train': 1, 'val': 1}, 'ship'),
    'dior_r': ('dior', make_dior_r, {}, {'trainval': 2, 'train': 1, 'val': 1, 'test': 1}, 'ship'),
    'ssdd': ('ssdd', make_ssdd, {}, {'train': 1, 'test': 1, 'test_inshore': 1}, 'ship'),
    'rsdd': ('rsdd', make_rsdd, {}, {'train': 1, 'test': 1, 'test_inshore': 1}, 'ship'),
    'hrsid': ('coco-rotated', make_hrsid, {}, {'train': 2, 'test': 1, 'train_test': 3}, 'ship'),
}


def nearest_turn(quad: np.ndarray) -> float:
    """Largest distance of a corner from the ship's, px, whichever comes first."""
    return min(np.abs(np.roll(quad, turn, axis=0) - SHIP).max() for turn in range(4))


@pytest.mark.parametrize('name', SETS)
def test_as_published(tmp_path, name):
    kind, make, options, parts, ship = SETS[name]
    source, out = tmp_path / 'in', tmp_path / 'out'
    make(source)
    summary = convert(kind, 'dota', source, out, ConversionOptions(**options))
    assert summary.parts == parts
    folder = DotaFolder(out)
    for part, count in parts.items():
        assert len(folder.read_list(out / f'{part}.txt')) == count
    found = [labeled for labels in folder.images for labeled in read_dota(folder.label_path(labels))]
    assert {labeled.name for labeled in found} == {ship}
    # Rounded to a thousandth of a pixel above.
    assert max(nearest_turn(labeled.quad) for labeled in found) < 2e-3

    config = tmp_path / 'config.py'
    bases = ['models/r2cnn_r18_fpn.py', f'datasets/{name}.py', 'schedules/schedule_1x.py', 'default_runtime.py']
    write(config, f'_base_ = {[str(CONFIGS / base) for base in bases]}\n')
    cfg = read_config(config, {'data_root': str(out)})
    for loader in ('train', 'val', 'test'):
        data = DATASETS.build(cfg[f'{loader}_dataloader'].dataset)
        assert ship in data.metainfo['classes']
        assert any(data.get_data_info(index)['instances'] for index in range(len(data)))
    assert cfg.model.roi_head.bbox_head.num_classes == len(data.metainfo['classes'])


@pytest.mark.parametrize('name', SETS)
def test_recognised(tmp_path, name):
    SETS[name][1](tmp_path / 'in')
    assert recognise_format(tmp_path / 'in')[0] == SETS[name][0]


def test_two_versions_of_labels_are_chosen_from(tmp_path):
    make_dota(tmp_path / 'in', '1.0')
    make_dota(tmp_path / 'in', '1.5')
    with pytest.raises(ValueError, match=r'several folders of labels: .*labelTxt-v1\.0, .*labelTxt-v1\.5; .*--labels'):
        convert('dota', 'dota', tmp_path / 'in', tmp_path / 'out')
    options = ConversionOptions(labels='labelTxt-v1.5', skip_unpaired=True)
    assert convert('dota', 'dota', tmp_path / 'in', tmp_path / 'out', options).objects == {'ship': 2}


@pytest.mark.parametrize(
    ('name', 'known'), [('hrsc2016', HRSCDataset), ('dota20', DOTAv2Dataset), ('dior_r', DIORDataset)]
)
def test_classes_are_those_of_mmrotate(tmp_path, name, known):
    write(tmp_path / 'c.py', f'_base_ = {str(CONFIGS / f"datasets/{name}.py")!r}\n')
    classes = [one.lower() for one in read_config(tmp_path / 'c.py').classes]
    assert sorted(classes) == sorted(one.lower() for one in known.METAINFO['classes'])


@pytest.mark.parametrize(('name', 'count'), [('shiprsimagenet', 50), ('fair1m', 37), ('dota10', 15), ('dota15', 16)])
def test_number_of_classes(tmp_path, name, count):
    write(tmp_path / 'c.py', f'_base_ = {str(CONFIGS / f"datasets/{name}.py")!r}\n')
    assert len(set(read_config(tmp_path / 'c.py').classes)) == count


@pytest.mark.parametrize(('name', 'chips'), [('dota10', {'train': 1, 'val': 1}), ('fair1m', {'train': 2, 'val': 1})])
def test_scenes_become_chips_of_the_same_parts(tmp_path, name, chips):
    kind, make, options, _, ship = SETS[name]
    make(tmp_path / 'in')
    convert(kind, 'dota', tmp_path / 'in', tmp_path / 'scenes', ConversionOptions(**options))
    tile_scenes(tmp_path / 'scenes', tmp_path / 'chips', TilingOptions(chip=200, overlap=20))
    parts, unlisted = split_as_scenes(read_chips(tmp_path / 'chips'), DotaFolder(tmp_path / 'scenes'))
    assert {part: len(of_part) for part, of_part in parts.items()} == chips
    assert {name for of_part in parts.values() for chip in of_part for name in chip.counts} == {ship}
    assert not unlisted
