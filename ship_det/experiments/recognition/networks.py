"""The networks of the recognition experiments, as plain sequences of layers."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn


def lenet(classes: int = 10) -> nn.Sequential:
    """A LeNet-5-class network for 28 x 28 px, 44 426 parameters with ten classes.

    The CI loss paper takes the MNIST network of another paper without naming its layers, so the project declares this
    one: LeCun et al. 1998, Fig. 2, with the plain choices of today (all maps connected, ReLU, max-pooling, softmax).
    """
    return nn.Sequential(
        nn.Conv2d(1, 6, 5),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Conv2d(6, 16, 5),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16 * 4 * 4, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, classes),
    )


def aconvnet(classes: int = 10) -> nn.Sequential:
    """A-ConvNets for 88 x 88 px (Chen et al., IEEE TGRS 54(8), 2016, Fig. 3): convolutions only.

    Max-pooling comes before the ReLU, which gives the same maps in less time.
    """
    return nn.Sequential(
        nn.Conv2d(1, 16, 5),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Conv2d(16, 32, 5),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Conv2d(32, 64, 6),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Conv2d(64, 128, 5),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Conv2d(128, classes, 3),
        nn.Flatten(),
    )


@dataclass(frozen=True)
class Architecture:
    """A network of the experiments.

    Attributes:
        build: makes one for a number of classes.
        side: side of the square image it takes, px.
        stack_on_cpu: trials together take less time on a CPU, since its layers are too small to fill the processor.
    """

    build: Callable[[int], nn.Sequential]
    side: int
    stack_on_cpu: bool


#: By the names that configs use.
NETWORKS = {'lenet': Architecture(lenet, 28, True), 'aconvnet': Architecture(aconvnet, 88, False)}
