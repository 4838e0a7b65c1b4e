"""Model-agnostic meta-learning (MAML): initial weights from which a few steps of gradient descent learn a task.

Finn, Abbeel, Levine: Model-Agnostic Meta-Learning for Fast Adaptation of Deep Networks, ICML 2017.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import grad, vmap

from ship_det.experiments.config_files import check_choice
from ship_det.experiments.few_shot.episodes import Tasks
from ship_det.experiments.losses import LOSSES, parameters_of

Parameters = dict[str, Tensor]
#: Logits (N, C) of parameters and images (N, ...).
Network = Callable[[Parameters, Tensor], Tensor]
#: Mean loss of logits (N, C), labels (N,) and the class factors (C,) of the task's counts.
TaskLoss = Callable[[Tensor, Tensor, Tensor], Tensor]


def task_loss(name: str, focal_gamma: float = 2.0) -> TaskLoss:
    """Mean loss over the samples of a task: one of ``ship_det.experiments.losses`` that asks for no counts.

    CI loss takes its class factors from the counts of the task at hand, eq. (23) of the CI loss paper.
    """
    check_choice('loss', name, LOSSES)
    loss, asked = LOSSES[name].function, parameters_of(name)
    own = {'gamma': focal_gamma} if 'gamma' in asked else {}

    def compute(logits: Tensor, labels: Tensor, factors: Tensor) -> Tensor:
        return loss(logits, labels, factors) if 'factors' in asked else loss(logits, labels, **own)

    return compute


@dataclass(frozen=True)
class MAML:
    """The inner loop, and the gradient of what it ends at.

    Args:
        network: function of parameters and images.
        loss: of a task, inner and outer.
        inner_lr: step of gradient descent.
        inner_steps: number of steps in meta-training.
        first_order: take the query's gradient at the adapted weights for the meta-gradient.
        tasks_at_once: tasks computed together by ``vmap``; None: all. With 1 there is no ``vmap``, which would take
            batch norm apart: on a CPU that is faster than any number together.
    """

    network: Network
    loss: TaskLoss
    inner_lr: float = 0.01
    inner_steps: int = 5
    first_order: bool = False
    tasks_at_once: int | None = None

    def adapt(self, parameters: Parameters, task: Tasks, steps: int | None = None) -> Parameters:
        """Parameters after ``steps`` of gradient descent on the support samples of one task."""

        def support_loss(current: Parameters) -> Tensor:
            return self.loss(self.network(current, task.support_images), task.support_labels, task.factors)

        for _ in range(self.inner_steps if steps is None else steps):
            gradient = grad(support_loss)(parameters)
            parameters = {name: value - self.inner_lr * gradient[name] for name, value in parameters.items()}
        return parameters

    def meta_gradient(self, parameters: Parameters, tasks: Tasks) -> tuple[Parameters, Tensor, Tensor]:
        """Gradient of the mean query loss over tasks, and the query loss and accuracy of each task, (T,)."""

        def query_loss(current: Parameters, task: Tasks) -> tuple[Tensor, tuple[Tensor, Tensor]]:
            logits = self.network(current, task.query_images)
            loss = self.loss(logits, task.query_labels, task.factors)
            return loss, (loss.detach(), (logits.argmax(1) == task.query_labels).float().mean())

        def after_adapting(current: Parameters, task: Tasks) -> tuple[Tensor, tuple[Tensor, Tensor]]:
            return query_loss(self.adapt(current, task), task)

        def of_task(task: Tasks) -> tuple[Tensor, ...]:
            if self.first_order:
                gradient, aside = grad(query_loss, has_aux=True)(self.adapt(parameters, task), task)
            else:
                gradient, aside = grad(after_adapting, has_aux=True)(parameters, task)
            return *gradient.values(), *aside

        *gradients, losses, accuracies = self._of_each(of_task, tasks)
        means = (gradient.mean(0) for gradient in gradients)
        return dict(zip(parameters, means, strict=True)), losses, accuracies

    @torch.no_grad()
    def predict(self, parameters: Parameters, tasks: Tasks, steps: int) -> Tensor:
        """Predicted labels of the query samples of tasks after ``steps`` of adapting to each, shape (T, Q)."""

        def of_task(task: Tasks) -> tuple[Tensor]:
            return (self.network(self.adapt(parameters, task, steps), task.query_images).argmax(1),)

        return self._of_each(of_task, tasks)[0]

    def _of_each(self, function: Callable[[Tasks], tuple[Tensor, ...]], tasks: Tasks) -> tuple[Tensor, ...]:
        """Results of a function of one task, stacked."""
        if self.tasks_at_once != 1:
            return vmap(function, chunk_size=self.tasks_at_once)(tasks)
        results = [function(Tasks(*parts)) for parts in zip(*tasks, strict=True)]
        return tuple(torch.stack(parts) for parts in zip(*results, strict=True))
