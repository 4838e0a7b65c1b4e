"""Class folders in memory."""

import os
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from ship_det.experiments.class_folders import check_disjoint, class_files, read_class_images


def test_reads_all(class_folders):
    read = read_class_images(class_folders / 'train', 16)
    assert read.classes == tuple(f'train_{i}' for i in range(6))
    assert read.counts == (12,) * 6
    assert read.starts.tolist() == [0, 12, 24, 36, 48, 60]
    assert (read.images.shape, read.images.dtype) == ((72, 3, 16, 16), torch.uint8)
    pixels = np.array(Image.open(class_folders / 'train/train_2/05.png'))
    np.testing.assert_array_equal(read.images[2 * 12 + 5].permute(1, 2, 0).numpy(), pixels)


def test_brings_to_size(tmp_path):
    (tmp_path / 'a').mkdir()
    Image.new('L', (30, 20), 77).save(tmp_path / 'a/grey.jpg', quality=100)
    images = read_class_images(tmp_path, 16).images
    assert images.shape == (1, 3, 16, 16)
    assert (images == 77).all()


def test_cache_is_used_until_files_change(class_folders, tmp_path):
    folder, cache, calls = tmp_path / 'val', tmp_path / 'cache', []
    shutil.copytree(class_folders / 'val', folder)
    first = read_class_images(folder, 16, cache, lambda done, total: calls.append((done, total)))
    assert calls[-1] == (36, 36)
    calls.clear()
    assert torch.equal(read_class_images(folder, 16, cache, lambda *n: calls.append(n)).images, first.images)
    assert calls == []
    changed = folder / 'val_0/00.png'
    Image.new('RGB', (16, 16), (1, 2, 3)).save(changed)
    os.utime(changed, ns=(1, 1))
    again = read_class_images(folder, 16, cache)
    assert again.images[0, :, 0, 0].tolist() == [1, 2, 3]
    assert read_class_images(folder, 20, cache).images.shape[-1] == 20


def test_errors_name_the_file(class_folders, tmp_path):
    with pytest.raises(ValueError, match='nowhere: found no such folder, expected'):
        class_files(tmp_path / 'nowhere')
    with pytest.raises(ValueError, match='found no folder, expected a folder of images for each class'):
        class_files(tmp_path)
    (tmp_path / 'a').mkdir()
    with pytest.raises(ValueError, match='a: found no image, expected at least one'):
        class_files(tmp_path)
    (tmp_path / 'a/b.png').write_bytes((class_folders / 'val/val_0/00.png').read_bytes()[:200])
    with pytest.raises(ValueError, match=r'b\.png: found no readable image'):
        read_class_images(tmp_path, 16)


def test_a_class_in_two_parts(tmp_path, class_folders):
    check_disjoint(class_folders, ('train', 'test'))
    for part in ('train', 'test'):
        shutil.copytree(class_folders / 'val/val_0', tmp_path / part / 'same')
    with pytest.raises(ValueError, match='found class same in train/ and test/, expected it in one part'):
        check_disjoint(tmp_path, ('train', 'test'))


def test_real_images(data_root):
    root = data_root / 'tiny_imagenet_fewshot'
    check_disjoint(root, ('train', 'val', 'test'))
    assert {part: len(class_files(root / part)) for part in ('train', 'val', 'test')} == dict(train=64, val=16, test=20)
    val = read_class_images(root / 'val', 64)
    assert val.counts == (100,) * 16
    # Natural images: bright and dark, and no two classes the same.
    assert 90 < val.images.float().mean() < 150
