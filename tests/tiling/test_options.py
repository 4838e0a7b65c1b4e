"""What tiling options refuse, and the windows of a scale."""

import pytest

from ship_det.tiling import TilingOptions


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'chip': 0}, 'chip: expected 1 to 65500 px, found 0'),
        ({'chip': 100, 'overlap': 100}, r'overlap: expected 0 <= overlap < chip \(100 px\), found 100'),
        ({'overlap': -1}, 'overlap: .* found -1'),
        ({'min_visible': 1.5}, 'min_visible: .* found 1.5'),
        ({'keep_empty': float('nan')}, 'keep_empty: .* found nan'),
        ({'format': 'gif'}, "format: expected one of png, jpg, tif, found 'gif'"),
        ({'scales': ()}, 'scales: expected numbers above 0, found none'),
        ({'scales': (1.0, 0.0)}, 'scales: expected numbers above 0, found 1 0'),
        ({'scales': (float('inf'),)}, 'scales: .* found inf'),
        ({'scales': (0.5, 1, 0.5)}, 'scales: expected each once, found 0.5 1 0.5'),
        ({'bands': (1, 2)}, 'bands: expected 1 or 3 numbers from 1 on, found 1 2'),
        ({'bands': (0, 1, 2)}, 'bands: .* found 0 1 2'),
        ({'stretch': (98, 2)}, 'stretch: expected percentiles 0 <= low < high <= 100, found 98 2'),
        ({'stretch': (0, 101)}, 'stretch: .* found 0 101'),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        TilingOptions(**options)


@pytest.mark.parametrize(
    ('scale', 'expected'), [(1.0, (1000, 200)), (0.5, (2000, 400)), (2.0, (500, 100)), (3000.0, (1, 0))]
)
def test_window_at_a_scale(scale, expected):
    assert TilingOptions().window_at(scale) == expected
