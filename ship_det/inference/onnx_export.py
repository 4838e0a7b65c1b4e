"""From a config and a checkpoint to one ONNX file, and the proof that both find the same."""

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import onnxruntime
import torch
from mmdet.models.detectors import BaseDetector
from mmengine.config import Config
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

import ship_det
from ship_det.checkout import describe_commit
from ship_det.files import replacing
from ship_det.inference.onnx_int8 import quantise
from ship_det.inference.torch_detector import TrainedModel, array_pipeline, load_trained_model
from ship_det.initial_weights import type_name
from ship_det.models.onnx_graph import OPSET, DetectorGraph
from ship_det.onnx_files import INPUT, OUTPUT, OnnxFacts, seal

_PREFIX = 'detector.'
# Share of candidates that both find: which of two proposals that are as good comes first may differ.
_SAME = 0.95
# Steps of a test pipeline that change no pixel.
_PLAIN_STEPS = ('PackDetInputs',)
_PLAIN_RESIZE = {'keep_ratio': True, 'type': '', 'scale_factor': 1}


def export_onnx(
    config: str | os.PathLike,
    checkpoint: str | os.PathLike,
    out: str | os.PathLike,
    precision: str = 'float32',
    images: Sequence[str | os.PathLike] = (),
) -> OnnxFacts:
    """Write a detector as an ONNX file of standard operators.

    The weights are stored as they are trained, batch normalisation apart, under the names of the state dict: who
    trains on reads them there, and ONNX Runtime folds them together while it loads the file.

    Args:
        config: config of R2CNN or a skew-box Cascade.
        checkpoint: its weights.
        out: file to write.
        precision: 'float32'; 'float16' for half the size, computed in float32 all the same; 'int8' for convolutions
            that compute in int8, whose weights cannot be trained on.
        images: files of images like those that it will see, which int8 is calibrated on.

    Returns:
        What the file says of the detector.

    Raises:
        ValueError: a file is missing or wrong, or the detector has parts that the graph has not; the message names it.
    """
    trained = load_trained_model(config, checkpoint)
    try:
        facts = describe(trained, Path(config).name, precision)
        model = trace(trained.model, len(facts.classes))
    except ValueError as error:
        raise ValueError(f'{config}: {error}') from error
    if precision == 'float16':
        store_half(model)
        trained.model.half().float()
    check_same(trained.model, model.SerializeToString())
    if precision == 'int8':
        model = onnx.load_model_from_string(quantise(model.SerializeToString(), images, facts.gsd, facts.zoom))
    helper.set_model_props(model, facts.to_metadata())
    onnx.checker.check_model(model, full_check=True)
    content = seal(model.SerializeToString(deterministic=True))
    with replacing(out) as temporary:
        temporary.write_bytes(content)
    return facts


def check_same(detector: BaseDetector, content: bytes) -> None:
    """Raise ValueError unless ONNX Runtime finds in noise what PyTorch finds, but for proposals that are as good."""
    session = onnxruntime.InferenceSession(content, providers=['CPUExecutionProvider'])
    for shape in ((1, 3, 192, 256), (2, 3, 100, 130)):
        images = torch.rand(shape, generator=torch.Generator().manual_seed(1)) * 255
        with torch.no_grad():
            expected = DetectorGraph(detector)(images).numpy()
        (found,) = session.run([OUTPUT], {INPUT: images.numpy()})
        same = [has_row(own, others) for own, others in zip(expected, found, strict=True)]
        share = float(np.concatenate(same).mean())
        # Not a number where there was no candidate.
        if not share >= _SAME:
            raise ValueError(f'exported, {share:.1%} of the candidates are those of PyTorch, expected {_SAME:.0%}')


def has_row(candidates: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which of the candidates (D, N) with a score others (D, M) have too, within 0.5 px and 0.001 of its scores."""
    rows = candidates[:, candidates[4:-1].any(axis=0)].T
    boxes = np.abs(rows[:, None, :4] - others.T[None, :, :4]).max(axis=2)
    scores = np.abs(rows[:, None, 4:-1] - others.T[None, :, 4:-1]).max(axis=2)
    turns = np.abs(np.sin(rows[:, None, -1] - others[None, -1])) * rows[:, None, 2]
    return ((boxes < 0.5) & (turns < 1) & (scores < 1e-3)).any(axis=1)


def describe(trained: TrainedModel, config: str, precision: str) -> OnnxFacts:
    """What the file of a model says of it.

    Raises:
        ValueError: the test pipeline has steps that no file can say, or NMS is of another kind.
    """
    cfg, preprocessor, test_cfg = trained.cfg, trained.model.data_preprocessor, trained.model.test_cfg.rcnn
    if getattr(preprocessor, 'mean', None) is None:
        raise ValueError('data_preprocessor: found no mean and std, expected three numbers each')
    if test_cfg.nms.get('type') != 'nms_rotated':
        raise ValueError(f'test_cfg.rcnn.nms: found {test_cfg.nms}, expected type nms_rotated')
    least = trained.min_scores
    in_rgb = slice(None) if preprocessor._channel_conversion else slice(None, None, -1)
    return OnnxFacts(
        method=type(trained.model.roi_head).__name__.replace('RoIHead', '').replace('Standard', 'R2CNN'),
        classes=tuple(trained.classes),
        gsd=cfg.get('gsd'),
        longest_ship=cfg.get('longest_ship'),
        min_scores=None if least is None else dict(zip(trained.classes, map(float, least), strict=True)),
        zoom=_zoom(cfg),
        size_divisor=int(preprocessor.pad_size_divisor),
        mean=tuple(preprocessor.mean.flatten().tolist()[in_rgb]),
        std=tuple(preprocessor.std.flatten().tolist()[in_rgb]),
        score_thr=float(test_cfg.score_thr),
        nms_iou=float(test_cfg.nms.iou_threshold),
        max_per_img=int(test_cfg.max_per_img),
        precision=precision,
        config=config,
        version=ship_det.__version__,
        commit=describe_commit(),
    )


def _zoom(cfg: Config) -> float:
    """Factor that a test pipeline resizes images by."""
    zoom = 1.0
    for step in array_pipeline(cfg):
        name = type_name(step)
        plain = {**step, 'keep_ratio': True, 'type': '', 'scale_factor': 1} == _PLAIN_RESIZE
        if name == 'Resize' and plain and isinstance(step.get('scale_factor'), int | float):
            zoom *= step['scale_factor']
        elif name not in _PLAIN_STEPS:
            raise ValueError(
                f'test pipeline: found {name}({", ".join(f"{k}={v}" for k, v in step.items() if k != "type")}), '
                'expected Resize with a scale_factor and PackDetInputs after what reads images and labels'
            )
    return float(zoom)


def trace(detector: BaseDetector, num_classes: int) -> onnx.ModelProto:
    """The graph of a detector, with its weights under the names of its state dict."""
    graph = DetectorGraph(detector)
    # Weights that happen to be equal are one in the file unless the exporter takes the model for one in training.
    # The parts stay in evaluation mode.
    graph.training = True
    with TemporaryDirectory() as folder, torch.no_grad(), warnings.catch_warnings():
        # Of sizes that do not change, and of the exporter's successor, which cannot do this.
        warnings.simplefilter('ignore')
        file = Path(folder) / 'graph.onnx'
        torch.onnx.export(
            graph,
            (torch.rand(2, 3, 160, 224, generator=torch.Generator().manual_seed(0)) * 255,),
            file,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: {0: 'batch', 2: 'height', 3: 'width'}, OUTPUT: {0: 'batch'}},
            opset_version=OPSET,
            dynamo=False,
            # Neither folds batch normalisation into convolutions.
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
        )
        model = onnx.load(file)
    for tensor in model.graph.initializer:
        tensor.name = tensor.name.removeprefix(_PREFIX)
    for node in model.graph.node:
        for index, name in enumerate(node.input):
            node.input[index] = name.removeprefix(_PREFIX)
    found = {tensor.name for tensor in model.graph.initializer}
    wanted = {name for name, value in detector.state_dict().items() if value.is_floating_point()}
    if missing := {name for name in wanted - found if 'loss' not in name}:
        raise ValueError(f'{min(missing)}: the graph does not use these weights: such a part cannot be exported')
    shape = model.graph.output[0].type.tensor_type.shape
    for dim, value in zip(shape.dim[1:], (4 + num_classes + 1, int(detector.test_cfg.rpn.max_per_img)), strict=True):
        dim.dim_value = value
    model.producer_name, model.producer_version = 'ship-det', ship_det.__version__
    return model


def store_half(model: onnx.ModelProto) -> None:
    """Store the float32 weights of a model as float16; a node each makes them float32 again when it is loaded."""
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT:
            continue
        half = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), tensor.name)
        tensor.CopyFrom(half)
        casts.append(helper.make_node('Cast', [tensor.name], [f'{tensor.name}.float32'], to=TensorProto.FLOAT))
    single = {cast.input[0]: cast.output[0] for cast in casts}
    for node in model.graph.node:
        for index, name in enumerate(node.input):
            node.input[index] = single.get(name, name)
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
