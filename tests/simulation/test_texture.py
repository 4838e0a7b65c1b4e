import numpy as np
import pytest

from ship_det.simulation.texture import Texture, refined


@pytest.fixture(scope='module')
def texture() -> Texture:
    return Texture(0.6, 0.4, np.random.default_rng(0))


@pytest.mark.parametrize('kind', ['grain', 'noise', 'cloud', 'waves', 'clouds'])
def test_windows_agree_where_they_overlap(texture, kind):
    field = getattr(texture, kind)
    whole = field((-20, 900, 300, 200))
    # OpenCV places a sample of a turned tile to within a thirty-second of a pixel.
    np.testing.assert_allclose(field((100, 950, 60, 40)), whole[50:90, 120:180], rtol=0, atol=0.1)


@pytest.mark.parametrize('kind', ['grain', 'noise', 'cloud'])
def test_noise_is_standardised(texture, kind):
    values = getattr(texture, kind)((0, 0, 1100, 1100))
    assert values.dtype == np.float32
    assert values.mean() == pytest.approx(0, abs=0.1)
    assert values.std() == pytest.approx(1, abs=0.1)


def test_waves_run_with_the_wind():
    waves = Texture(0.6, 0.0, np.random.default_rng(1)).waves((0, 0, 1021, 1021))
    # With the wind along x the crests lie across it: the water changes along x, hardly along y.
    assert np.abs(np.diff(waves, axis=1)).mean() > 1.5 * np.abs(np.diff(waves, axis=0)).mean()


def test_waves_are_as_long_as_asked_for():
    short, long = (
        Texture(1.0, 0.0, np.random.default_rng(1), wavelength).waves((0, 0, 900, 900)) for wavelength in (8, 32)
    )
    # Of a wave the difference between neighbours is inversely as its length.
    ratio = np.abs(np.diff(short, axis=1)).mean() / np.abs(np.diff(long, axis=1)).mean()
    assert 2.5 < ratio < 5


def test_a_refined_field_is_linear_between_its_samples():
    def sample(window):
        x, y, width, height = window
        # Values at the middles of cells of 8 px: 3 x + 2 y.
        columns, rows = (np.arange(x, x + width) + 0.5) * 8, (np.arange(y, y + height) + 0.5)[:, None] * 8
        return (3 * columns + 2 * rows).astype(np.float32)

    field = refined(sample, (-21, 37, 50, 33))
    assert field.shape == (33, 50)
    expected = 3 * (np.arange(-21, 29) + 0.5) + 2 * (np.arange(37, 70) + 0.5)[:, None]
    np.testing.assert_allclose(field, expected, atol=1e-3)
