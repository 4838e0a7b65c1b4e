"""Runs on a small set of coloured images."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ship_det.checkpoints import load_data
from ship_det.experiments.few_shot.config import FewShotConfig
from ship_det.experiments.few_shot.experiment import Run, open_experiment
from ship_det.experiments.few_shot.maml import MAML
from ship_det.experiments.few_shot.results import results_file


@pytest.fixture
def config(class_folders) -> FewShotConfig:
    return FewShotConfig(
        str(class_folders),
        image_size=16,
        filters=4,
        splits=((1, 3),),
        iterations=5,
        meta_batch=2,
        inner_steps=2,
        query_factor=2,
        test_tasks=5,
        test_steps=3,
        test_query=4,
        checkpoint_every=2,
        log_every=2,
    )


def test_results_say_what_was_run(config, tmp_path):
    experiment = open_experiment(replace(config, seeds=(0, 1)), tmp_path)
    runs = experiment.open_runs()
    assert runs == [Run((1, 3), loss, seed) for seed in (0, 1) for loss in ('ce', 'ci')]
    done = []
    result = experiment.run(runs[1], lambda iteration, words: done.append(iteration))
    assert done == [1, 2, 3, 4, 5]
    assert results_file(tmp_path / 'results.jsonl').read() == [result]
    assert (result['split'], result['loss'], result['seed'], result['iterations']) == ([1, 3], 'ci', 0, 5)
    assert len(result['correct']) == 5
    assert result['accuracy'] == pytest.approx(sum(result['correct']) / (5 * result['query']), abs=1e-5)
    assert result['accuracy'] == pytest.approx(sum(result['recalls']) / 2, abs=1e-5)
    assert [entry[0] for entry in result['history']] == [2, 4, 5]
    assert result['versions']['torch'] == torch.__version__
    assert result['settings']['inner_lr'] == 0.01
    assert experiment.open_runs() == [runs[0], *runs[2:]]


@pytest.mark.parametrize('stop', [1, 3])
def test_an_interrupted_run_ends_as_if_it_was_not(config, tmp_path, stop):
    run = Run((1, 3), 'ci', 0)
    whole = open_experiment(config, tmp_path / 'whole').run(run)

    def interrupt(iteration, words):
        if iteration == stop:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_experiment(config, tmp_path / 'parts').run(run, interrupt)
    assert results_file(tmp_path / 'parts/results.jsonl').read() == []
    done = []
    resumed = open_experiment(config, tmp_path / 'parts').run(run, lambda iteration, words: done.append(iteration))
    # Checkpoints are written every two meta-updates.
    assert done[0] == stop // 2 * 2 + 1
    for key in ('correct', 'history', 'recalls'):
        assert resumed[key] == whole[key]


def test_more_meta_updates_go_on_from_the_last(config, tmp_path):
    run, done = Run((1, 3), 'ce', 0), []
    open_experiment(config, tmp_path).run(run)
    longer = open_experiment(replace(config, iterations=6, test_tasks=3), tmp_path)
    assert longer.open_runs()[0] == run
    longer.run(run, lambda iteration, words: done.append(iteration))
    assert done == [6]
    with pytest.raises(ValueError, match='found 6 meta-updates, expected at most 5'):
        open_experiment(config, tmp_path).run(run)


def test_a_checkpoint_of_other_settings(config, tmp_path):
    run = Run((1, 3), 'ce', 0)
    open_experiment(config, tmp_path).run(run)
    other = open_experiment(replace(config, inner_lr=0.5), tmp_path)
    assert run in other.open_runs()
    with pytest.raises(ValueError, match=r'ce_seed_0\.pt: found a checkpoint with inner_lr 0\.01, expected 0\.5'):
        other.run(run)


def test_losses_share_weights_and_tasks(config, tmp_path):
    """On a balanced split the class factors are 1, so that 'ci_factors' is CE, if nothing else differs."""
    experiment = open_experiment(replace(config, splits=((2, 2),), losses=('ce', 'ci_factors')), tmp_path)
    first, second = (experiment.run(run) for run in experiment.runs())
    assert first['correct'] == second['correct']
    # One takes the mean of the losses, the other sums what is divided: float32 sums of losses of 1, to 5 decimals.
    for ours, theirs in zip(first['history'], second['history'], strict=True):
        assert ours == pytest.approx(theirs, abs=2e-5)


def test_learns(config, tmp_path):
    config = replace(config, iterations=60, first_order=True, inner_lr=0.1, log_every=20)
    result = open_experiment(config, tmp_path).run(Run((1, 3), 'ce', 0))
    losses = [loss for _, loss, _ in result['history']]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.8 * losses[0]


def test_recalls_come_by_ascending_support_count(config, tmp_path, monkeypatch):
    """Answers are always the class with the fewest support samples, whichever label that is."""
    monkeypatch.setattr(
        MAML, 'predict', lambda maml, parameters, tasks, steps: tasks.factors.argmax(1)[:, None].expand(-1, 12)
    )
    changed = replace(config, splits=((1, 2, 3),), iterations=1, permute_counts=True)
    result = open_experiment(changed, tmp_path).run(Run((1, 2, 3), 'ce', 0))
    assert result['recalls'] == [1, 0, 0]


def first_gradient(config: FewShotConfig, folder: Path, seed: int = 0) -> torch.Tensor:
    """The largest element of the first meta-gradient by parameter, from Adam's mean of gradients, a tenth of it."""
    run = Run((1, 3), 'ce', seed)
    open_experiment(replace(config, iterations=1), folder).run(run)
    checkpoint = load_data(folder / 'checkpoints' / f'{run.name.replace(" ", "_")}.pt')
    return torch.stack([state['exp_avg'].abs().max() / 0.1 for state in checkpoint['optimizer']['state'].values()])


def test_elements_of_the_meta_gradient_are_clipped(config, tmp_path):
    free = first_gradient(config, tmp_path / 'free')
    assert 1e-3 < free.max() < config.meta_clip
    clipped = first_gradient(replace(config, meta_clip=1e-3), tmp_path / 'clipped')
    torch.testing.assert_close(clipped, free.clamp(max=1e-3))


def test_the_loss_of_a_task_is_a_sum_over_classes_or_a_mean(config, tmp_path):
    config = replace(config, inner_lr=1e-6)
    summed, mean = (
        first_gradient(replace(config, loss_scale=scale), tmp_path / scale) for scale in ('classes', 'mean')
    )
    torch.testing.assert_close(summed, 2 * mean, rtol=1e-3, atol=1e-6)


def drawn_tasks(config: FewShotConfig, folder: Path, monkeypatch, seed: int) -> dict[str, list]:
    """Images of the support samples of the tasks of each meta-update, and of the test tasks."""
    found: dict[str, list] = {'train': [], 'test': []}

    def meta_gradient(maml, parameters, tasks):
        found['train'].append(tasks.support_images)
        return {name: torch.zeros_like(value) for name, value in parameters.items()}, torch.ones(2), torch.ones(2)

    def predict(maml, parameters, tasks, steps):
        found['test'].append(tasks.support_images)
        return tasks.query_labels

    monkeypatch.setattr(MAML, 'meta_gradient', meta_gradient)
    monkeypatch.setattr(MAML, 'predict', predict)
    open_experiment(replace(config, iterations=2), folder).run(Run((1, 3), 'ce', seed))
    return found


def test_seeds_train_on_other_tasks_and_are_tested_on_the_same(config, tmp_path, monkeypatch):
    first, second = (drawn_tasks(config, tmp_path, monkeypatch, seed) for seed in (0, 1))
    assert torch.equal(torch.cat(first['test']), torch.cat(second['test']))
    assert not torch.equal(first['train'][0], second['train'][0])
    # No meta-update sees the tasks of another.
    assert not torch.equal(first['train'][0], first['train'][1])


def test_too_few_samples(config, tmp_path):
    with pytest.raises(ValueError, match='train_0: found 12 images, expected at least 15 for the split 1,5'):
        open_experiment(replace(config, splits=((1, 3), (1, 5))), tmp_path)
    with pytest.raises(ValueError, match='test_0: found 12 images, expected at least 13'):
        open_experiment(replace(config, test_query=10), tmp_path)


def test_loss_that_is_not_finite(config, tmp_path):
    experiment = open_experiment(replace(config, inner_lr=1e30), tmp_path)
    with pytest.raises(ValueError, match='1,3 ce seed 0: found the loss nan at meta-update 1, expected a finite'):
        experiment.run(Run((1, 3), 'ce', 0))


@pytest.mark.parametrize('first_order', [True, False])
def test_one_task_at_a_time_is_the_same_training(config, tmp_path, first_order):
    """On a CPU that is another way to compute it: no vmap, and channels-last maps."""
    run, results = Run((1, 3), 'ci', 0), {}
    for at_once in (1, 2):
        changed = replace(config, tasks_at_once=at_once, first_order=first_order, log_every=1)
        results[at_once] = open_experiment(changed, tmp_path / str(at_once)).run(run)
    losses = [[entry[1] for entry in results[at_once]['history']] for at_once in (1, 2)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    assert len(set(losses[0])) == 5
