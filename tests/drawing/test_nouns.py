"""Ships are called ships only where the classes are ships."""

import pytest

from ship_det.drawing.nouns import object_noun


@pytest.mark.parametrize(
    ('classes', 'noun'),
    [
        (['ship'], 'ship'),
        (['tanker', 'Arleigh Burke destroyer', 'others'], 'ship'),
        (['freedom', 'submarine'], 'ship'),
        (['Car', 'Bicycle', 'OtherVehicle', 'Person'], 'object'),
        (['plane', 'baseball-diamond', 'ship', 'harbor'], 'object'),
        ([], 'object'),
    ],
)
def test_noun(classes, noun):
    assert object_noun(classes) == noun
