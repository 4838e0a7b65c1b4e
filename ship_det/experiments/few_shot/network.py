"""Conv4, the network of few-shot learning."""

from torch import nn


class Conv4(nn.Sequential):
    """Four times 3 x 3 convolution, batch norm, ReLU and 2 x 2 max-pool, then one linear layer.

    Max-pooling comes before the ReLU, which gives the same maps in less time. The convolutions have no bias, which
    batch norm would take away. Weights are Xavier uniform, as in MAML's code.

    Args:
        size: width and height of the images, px, from 16 on.
        classes: outputs.
        filters: channels of each convolution.
        channels: of the images.
    """

    def __init__(self, size: int, classes: int = 5, filters: int = 64, channels: int = 3) -> None:
        layers: list[nn.Module] = []
        for inputs in (channels, filters, filters, filters):
            # By the statistics of the batch, always, as in MAML: there are no running ones, nothing to leak.
            norm = nn.BatchNorm2d(filters, track_running_stats=False)
            layers += [nn.Conv2d(inputs, filters, 3, padding=1, bias=False), norm, nn.MaxPool2d(2), nn.ReLU()]
        last = nn.Linear(filters * (size // 16) ** 2, classes)
        super().__init__(*layers, nn.Flatten(), last)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(last.bias)
