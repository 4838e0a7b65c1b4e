"""Training sets sampled to numbers of instances."""

from collections import Counter
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ship_det.tiling import Chip
from ship_det.tiling.sampling import read_situation, sample_chips


def chips_of(*counts):
    return [Chip(f'{index}.png', 'a.tif', (0, 0, 9, 9), dict(of_chip)) for index, of_chip in enumerate(counts)]


def total(chips):
    return sum((Counter(chip.counts) for chip in chips), Counter())


def test_numbers_are_met_exactly_where_chips_allow_it():
    # Tankers come with 5 tugs each: 2 tankers and 13 tugs take both and the three single tugs.
    chips = chips_of(*[{'tanker': 1, 'tug': 5}] * 2, *[{'tug': 4}] * 5, *[{'tug': 1}] * 3)
    for seed in range(5):
        sample = sample_chips(chips, {'tanker': 2, 'tug': 13}, seed)
        assert sample.counts == total(sample.chips) == {'tanker': 2, 'tug': 13}
        assert sample.missing == {}


def test_what_cannot_be_met_is_said_and_nothing_is_exceeded():
    chips = chips_of({'tanker': 1, 'tug': 5}, {'tanker': 2}, {'tug': 4}, {'tug': 4})
    sample = sample_chips(chips, {'tanker': 1, 'tug': 7})
    # Only the first chip has a single tanker, and with it no second chip of tugs fits: 2 tugs too few (2/7). Without a
    # tanker (1/1) 4 tugs would do no better.
    assert (sample.counts, sample.missing) == ({'tanker': 1, 'tug': 5}, {'tug': 2})
    assert sample_chips(chips, {'tanker': 9}).missing == {'tanker': 6}


def test_classes_without_a_number_and_empty_chips():
    chips = chips_of(*[{'tug': 1}] * 8, *[{'ferry': 1}] * 4, *[{}] * 4)
    sample = sample_chips(chips, {'tug': 2})
    assert sample.counts == {'tug': 2, 'ferry': 4}
    assert sum(not chip.counts for chip in sample.chips) == 1  # a quarter, as of the tugs' chips
    assert [chip.file for chip in sample.chips] == sorted(
        (chip.file for chip in sample.chips), key=lambda n: int(n[:-4])
    )
    assert not any('tug' in chip.counts for chip in sample_chips(chips, {'tug': 0}).chips)


def test_seed_decides():
    chips = chips_of(*[{'tug': 1}] * 60)
    first, again, other = (sample_chips(chips, {'tug': 20}, seed).chips for seed in (1, 1, 2))
    assert first == again != other


counts = st.dictionaries(st.sampled_from('abc'), st.integers(1, 4), max_size=3)


# The search promises a good choice, not the best: the same examples each time.
@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(counts, max_size=8), st.lists(st.integers(0, 8), min_size=3, max_size=3))
def test_no_choice_of_chips_is_far_better(table, wanted):
    """Against all choices of chips: never too many, and on so few chips the least shortfall there is."""
    chips, numbers = chips_of(*table), dict(zip('abc', wanted, strict=True))
    sample = sample_chips(chips, numbers)
    least = min(
        sum((number - found[name]) / max(number, 1) for name, number in numbers.items())
        for picks in product((False, True), repeat=len(chips))
        if all(
            (found := total(c for c, pick in zip(chips, picks, strict=True) if pick))[n] <= numbers[n] for n in 'abc'
        )
    )
    found = total(sample.chips)
    assert all(found[name] <= number for name, number in numbers.items())
    assert sample.missing == {name: number - found[name] for name, number in numbers.items() if found[name] < number}
    reached = sum(lacking / numbers[name] for name, lacking in sample.missing.items())
    assert reached <= least + 1e-9


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('tanker: 50\naircraft carrier: 3\n', {'tanker': 50, 'aircraft carrier': 3}),
        ('# set 1\nno: 1\n"7": 0', {'no': 1, '7': 0}),
    ],
)
def test_situation_file(tmp_path, text, expected):
    (tmp_path / 's.yaml').write_text(text)
    assert read_situation(tmp_path / 's.yaml') == expected


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', 's.yaml: found .*, expected lines like "tanker: 50"'),
        ('- tanker', r"s.yaml: found \['tanker'\], expected lines"),
        ('tanker: -1', "s.yaml: tanker: found '-1', expected a whole number"),
        ('tanker: many', "s.yaml: tanker: found 'many', expected a whole number"),
        ('tanker: [1]', r"s.yaml: tanker: found \['1'\], expected a whole number"),
        ('tanker: {', 's.yaml: not YAML'),
    ],
)
def test_bad_situation_file_is_named(tmp_path, text, message):
    (tmp_path / 's.yaml').write_text(text)
    with pytest.raises(ValueError, match=message):
        read_situation(tmp_path / 's.yaml')


def test_negative_number_is_refused():
    with pytest.raises(ValueError, match='tug: expected 0 instances or more, found -1'):
        sample_chips(chips_of({'tug': 1}), {'tug': -1})
