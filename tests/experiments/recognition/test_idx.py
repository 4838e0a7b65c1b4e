"""Reading idx files."""

import gzip

import numpy as np
import pytest

from ship_det.experiments.recognition.idx import read_idx

# Two images of 1 x 3 px, by hand from the format's description.
PLAIN = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3, 250, 251, 252])
# Without the time of day: tests have the same names in every process.
PACKED = gzip.compress(PLAIN, mtime=0)


@pytest.mark.parametrize('content', [PLAIN, PACKED], ids=['plain', 'gzip'])
def test_reads(tmp_path, content):
    (tmp_path / 'file').write_bytes(content)
    np.testing.assert_array_equal(read_idx(tmp_path / 'file', 3), [[[1, 2, 3]], [[250, 251, 252]]])


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'', 'file: found a start of , expected 00 00'),
        (b'\x89PNG\r\n', 'file: found a start of 89 50 4e 47, expected 00 00'),
        (PLAIN[:2] + b'\x0d' + PLAIN[3:], r'type code 0x0d, expected 0x08 \(unsigned bytes\)'),
        (PLAIN[:3] + b'\x01' + PLAIN[4:], 'found 1 dimensions, expected 3'),
        (PLAIN[:10], 'found 10 bytes, expected a header of 16 bytes'),
        (PLAIN[:-1], 'found 5 bytes of data, expected 6 for 2 x 1 x 3'),
        (PLAIN + b'\0', 'found 7 bytes of data, expected 6'),
        (PACKED[:-9], r'file: found damaged gzip data .*, expected a whole file'),
        (PACKED[:-8] + bytes(8), r'damaged gzip data \(CRC check failed'),
        (PACKED[:12] + b'\xff\xff' + PACKED[14:], 'damaged gzip data'),
    ],
)
def test_says_what_is_wrong(tmp_path, content, message):
    (tmp_path / 'file').write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_idx(tmp_path / 'file', 3)
