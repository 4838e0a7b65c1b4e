import numpy as np
import pytest

from ship_det.simulation.texture import Texture


@pytest.fixture(scope='module')
def texture() -> Texture:
    return Texture(2000, 0.6, 0.4, np.random.default_rng(0))


@pytest.mark.parametrize('kind', ['grain', 'cloud', 'waves', 'patches'])
def test_windows_agree_where_they_overlap(texture, kind):
    field = getattr(texture, kind)
    whole = field((-20, 900, 300, 200))
    # OpenCV may add up the 16 neighbours of a patch's pixel in another order at another place of a row.
    np.testing.assert_allclose(field((100, 950, 60, 40)), whole[50:90, 120:180], rtol=0, atol=1e-5)


@pytest.mark.parametrize('kind', ['grain', 'cloud', 'waves'])
def test_noise_is_standardised(texture, kind):
    values = getattr(texture, kind)((0, 0, 1100, 1100))
    assert values.dtype == np.float32
    assert values.mean() == pytest.approx(0, abs=0.1)
    assert values.std() == pytest.approx(1, abs=0.1)


def test_waves_run_with_the_wind():
    waves = Texture(1021, 0.6, 0.0, np.random.default_rng(1)).waves((0, 0, 1021, 1021))
    # With the wind along x the crests lie across it: the water changes along x, hardly along y.
    assert np.abs(np.diff(waves, axis=1)).mean() > 1.5 * np.abs(np.diff(waves, axis=0)).mean()
