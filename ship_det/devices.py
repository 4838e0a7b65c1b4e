"""Which device PyTorch computes on."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def check_device(device: str) -> None:
    """Make sure that PyTorch can use a device.

    Raises:
        ValueError: it cannot.
    """
    import torch

    try:
        # A value has to come back, which the device 'meta' does not give.
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f'--device: found {device}, which torch cannot use ({reason}), expected cpu or cuda'
        ) from error


def device_name(device: 'str | torch.device') -> str:
    """What a device is called by its maker, where torch knows, as results of an experiment say it."""
    import torch

    return torch.cuda.get_device_name(device) if str(device).startswith('cuda') else str(device)
