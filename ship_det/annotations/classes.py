"""Class lists of known ship data sets."""

#: The 15 classes a-o of NUDT-AOSR15 (CI loss paper, Sec. IV-C), in the paper's order.
AOSR15_CLASSES = (
    'aircraft-carrier',
    'perry-frigate',
    'ticonderoga-cruiser',
    'burke-destroyer',
    'independence',
    'freedom',
    'amphibious-assault-ship',
    'tanker',
    'container-ship',
    'cargo-ship',
    'amphibious-transport-ship',
    'small-military-warship',
    'supply-ship',
    'submarine',
    'others',
)
