"""Which device PyTorch computes on."""


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
