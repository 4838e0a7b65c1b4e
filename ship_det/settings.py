"""Settings that a config states once and that hold in all its parts: ``data_root``, ``classes`` and others.

MMEngine settles a config's variables while it reads a file, so that a variable which another file, or the command line,
states anew reaches nothing that was built from it. Here these reach every data set and head, and what can have no
effect is refused.
"""

import ast
import copy
import difflib
import inspect
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config
from mmengine.registry import Registry, root
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from ship_det.progress import count_noun

#: Settings that are spread over the config.
SPREAD = ('data_root', 'classes', 'num_classes', 'other_classes')

#: What loads the data of a config.
DATALOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
# Parts of a model whose ``num_classes``, where they have one, is not the number of the data's classes.
_CLASSLESS_PARTS = ('backbone', 'neck', 'rpn_head', 'data_preprocessor')
# What a runner reads of a config, and what is read beside it.
_RUNNER_KEYS = {
    *inspect.signature(Runner.__init__).parameters,
    *('custom_imports', 'find_unused_parameters', 'model_wrapper_cfg', 'compile', 'runner_type', 'sync_bn'),
    *('tta_model', 'tta_pipeline', 'tta_cfg'),
} - {'self', 'cfg'}
# What describes the data: class names, m/px, and the length of the longest ship, m.
_DESCRIPTIONS = ('metainfo', 'gsd', 'longest_ship')
_LOADER_KEYS = {
    *inspect.signature(DataLoader.__init__).parameters,
    *('batch_sampler', 'sampler', 'dataset', 'collate_fn', 'num_batch_per_epoch'),
}
# Settings of dicts without a type, by the name of the dict: what is read there and need not be in the config yet.
_OPTIONAL_KEYS = {
    **{name: _LOADER_KEYS for name in DATALOADERS},
    'randomness': {*inspect.signature(Runner.set_randomness).parameters},
    'auto_scale_lr': {'enable', 'base_batch_size'},
    'env_cfg': {'cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit'},
    'clip_grad': {'max_norm', 'max_value', 'norm_type', 'error_if_nonfinite', 'foreach'},
    'paramwise_cfg': {
        *('custom_keys', 'bias_lr_mult', 'bias_decay_mult', 'norm_decay_mult', 'flat_decay_mult'),
        *('dwconv_decay_mult', 'dcn_offset_lr_mult', 'bypass_duplicate'),
    },
}
_OPTIONAL_ROOTS = {'randomness', 'auto_scale_lr'}


class ConfigFile(NamedTuple):
    """A file of a config's chain of ``_base_`` files, and what it and its own bases say."""

    path: Path
    settings: Config


def read_chain(path: str | Path, above: Sequence[str] = ()) -> list[ConfigFile]:
    """A config file and all its ``_base_`` files, each read alone; itself last.

    Args:
        path: config file.
        above: paths of the files that led to it.

    Raises:
        ValueError: naming a file that is a ``_base_`` of itself, which MMEngine would read for ever.
    """
    path, place = str(path), os.path.realpath(path)
    if place in above:
        raise ValueError(f'{place} is a _base_ of itself')
    if Config._is_lazy_import(path):
        return [ConfigFile(Path(path), Config.fromfile(path))]
    chain = []
    for name in Config._get_base_files(path):
        chain += read_chain(Config._get_cfg_path(name, path)[0], [*above, place])
    return [*chain, ConfigFile(Path(path), Config.fromfile(path, import_custom_modules=False))]


def spread_settings(cfg: Config, chain: Sequence[ConfigFile], options: Collection[str] = ()) -> None:
    """Let ``data_root``, ``classes``, ``num_classes`` and ``other_classes`` of a config reach its data sets and heads.

    A data set has the config's ``data_root`` unless a file names another one for it itself; classes and what other
    classes are likewise.
    ``num_classes`` of the heads is the number of classes. ``metainfo = dict(classes=...)`` means ``classes``.

    Args:
        cfg: config, changed in place.
        chain: the files it was read from, see ``read_chain``.
        options: keys that the command line sets; its classes reach every data set.

    Raises:
        ValueError: classes are no list of different names, or ``num_classes`` is another number.
    """
    path = chain[-1].path
    stated = [file.settings for file in chain]
    datasets = dict(_find_datasets(cfg))
    if 'data_root' in cfg:
        inherited = [None, '', *(settings.get('data_root') for settings in stated)]
        readers = {key: data for key, data in datasets.items() if _may_read(data, 'data_root')}
        if 'data_root' in options and datasets and not readers:
            kinds = ', '.join(sorted({str(data.get('type')) for data in datasets.values()}))
            raise ValueError(
                f'{path}: data_root={cfg.data_root}: {kinds} reads no folder; expected a config with a ShipDataset, '
                'such as configs/quickstart/r2cnn_r18w32_fpn64_ci_own.py'
            )
        for key, data in readers.items():
            if data.get('data_root') in inherited:
                data['data_root'] = cfg.data_root
            elif 'data_root' in options and f'{key}.data_root' not in options:
                raise ValueError(
                    f'{path}: data_root={cfg.data_root} does not reach {key}, which names its own, '
                    f'{data["data_root"]}; --cfg-options {key}.data_root=... sets that one'
                )
        _move_annotations(cfg, [root for root in inherited if root])
    if 'other_classes' in cfg:
        _spread_other_classes(cfg, datasets, stated, options)
    classes = _stated_classes(cfg, path)
    if classes is not None:
        inherited = [_stated_classes(settings, path) for settings in stated]
        for data in datasets.values():
            found = data.get('metainfo', {}).get('classes')
            if found is None or 'classes' in options or tuple(found) in inherited:
                data['metainfo'] = dict(data.get('metainfo', {}), classes=classes)
        cfg.classes = classes
        states_number = 'num_classes' in options or 'num_classes' in _assigned_names(path)
        if states_number and cfg.num_classes != len(classes):
            raise ValueError(
                f'{path}: num_classes is {cfg.num_classes}, expected {len(classes)}, the number of classes'
            )
        for _, head in _find_heads(cfg.get('model')):
            head['num_classes'] = len(classes)
        if 'num_classes' in cfg:
            cfg.num_classes = len(classes)
    elif 'num_classes' in cfg:
        inherited = [settings.get('num_classes') for settings in stated]
        for _, head in _find_heads(cfg.get('model')):
            if head['num_classes'] in inherited:
                head['num_classes'] = cfg.num_classes


def _spread_other_classes(
    cfg: Config, datasets: Mapping[str, dict], stated: Sequence[Config], options: Collection[str]
) -> None:
    readers = [data for data in datasets.values() if 'other_classes' in _known_keys(data, '')[0]]
    if not readers:
        kinds = ', '.join(sorted({str(data.get('type')) for data in datasets.values()}))
        raise ValueError(f'{cfg.filename}: other_classes: found data sets {kinds}, expected a ShipDataset to read it')
    inherited = [None, *(settings.get('other_classes') for settings in stated)]
    for data in readers:
        if 'other_classes' in options or data.get('other_classes') in inherited:
            data['other_classes'] = cfg.other_classes


def check_parts(cfg: Config, mode: str) -> None:
    """Refuse a config that lacks what 'train' or 'test' needs, or whose loaders and loops have numbers of no use.

    Raises:
        ValueError: naming file and key.
    """
    loader, loop = f'{mode}_dataloader', f'{mode}_cfg'
    for key in ('model', loader, loop, 'optim_wrapper' if mode == 'train' else 'test_evaluator'):
        found = cfg.get(key)
        if not isinstance(found, list if key == 'test_evaluator' else dict) and not isinstance(found, dict):
            raise ValueError(f'{cfg.filename}: {key}: found {found!r}, expected a dict of settings')
    numbers = [(loader, 'batch_size', 1), (loader, 'num_workers', 0), (loop, 'max_iters', 1), (loop, 'max_epochs', 1)]
    for part, key, least in numbers:
        found = cfg[part].get(key, least)
        if type(found) is not int or found < least:
            raise ValueError(f'{cfg.filename}: {part}.{key}: found {found!r}, expected a whole number from {least}')


def check_options(cfg: Config, options: Mapping[str, Any]) -> None:
    """Refuse options, values by key with dots, that nothing reads.

    Raises:
        ValueError: naming the first such key, and one like it that the config has.
    """
    types = {key: value for key, value in options.items() if key.endswith('.type')}
    for key in types:
        _check_option(cfg, key)
    # Another type reads other settings.
    changed = copy.deepcopy(cfg)
    changed.merge_from_dict(types)
    for key in [key for key in options if key not in types]:
        _check_option(changed, key)


def check_names(chain: Sequence[ConfigFile]) -> None:
    """Refuse what a config file sets at its top and nothing reads.

    Raises:
        ValueError: a variable of a base is set anew, which changes nothing that the base made of it; or a name is
            almost one that is read.
    """
    path = chain[-1].path
    own = chain[-1].settings
    read = {*_RUNNER_KEYS, *SPREAD, *_DESCRIPTIONS, 'simulation'}
    for name, is_used in _assigned_names(path).items():
        if is_used or name in read or name.startswith('_'):
            continue
        for file in chain[:-1]:
            if name in file.settings and file.settings[name] != own.get(name):
                raise ValueError(
                    f'{path}: {name} has no effect here: {file.path} has already used its own. Set what was made '
                    f'of it, such as {_uses_of(own, file.settings[name])}'
                )
        close = difflib.get_close_matches(name, {*_RUNNER_KEYS, *SPREAD}, 1, cutoff=0.84)
        # In a resolved config a pipeline stands beside what was made of it, as all configs call it.
        if close and not re.fullmatch('(train|val|test)_pipeline', name):
            raise ValueError(f'{path}: nothing reads {name}; did you mean {close[0]}?')


def check_classes(cfg: Config, path: str | Path, loaders: Collection[str] = DATALOADERS) -> None:
    """Compare the classes of heads and of the data sets of the loaders that will be used.

    Raises:
        ValueError: naming the file: two data sets have other classes, or a head has another number of them.
    """
    datasets = {key: data for key, data in _find_datasets(cfg) if key.partition('.')[0] in loaders}
    found = {key: classes for key, data in datasets.items() if (classes := _dataset_classes(data)) is not None}
    advice = 'set classes = (...) once in the config, or --classes ship,boat'
    if len(set(found.values())) > 1:
        told = [
            f'{", ".join(key for key in found if found[key] == names)}: '
            f'{count_noun(len(names), "class")} ({_shorten(names)})'
            for names in dict.fromkeys(found.values())
        ]
        raise ValueError(f'{path}: found {"; ".join(told)}; expected the same classes everywhere: {advice}')
    for key, head in _find_heads(cfg.get('model')) if found else ():
        names = next(iter(found.values()))
        if head['num_classes'] != len(names):
            raise ValueError(
                f'{path}: {key}: num_classes={head["num_classes"]}, expected {len(names)}, the number of classes of '
                f'{", ".join(found)} ({_shorten(names)}): {advice}'
            )


def config_classes(cfg: Config) -> tuple[str, ...] | None:
    """The classes of the test data of a config; None where only the built data set knows them."""
    found = [_dataset_classes(data) for key, data in _find_datasets(cfg) if key.startswith('test_dataloader')]
    return found[0] if found else None


def walk(node: Any, key: str) -> Iterator[tuple[str, Any]]:
    """A part of a config and all parts below it, each after its key with dots; ``key`` is that of the first."""
    yield key, node
    items = node.items() if isinstance(node, Mapping) else enumerate(node) if isinstance(node, list | tuple) else ()
    for name, child in items:
        yield from walk(child, f'{key}.{name}')


def _move_annotations(cfg: Config, roots: Sequence[str]) -> None:
    """Let the files of evaluators, such as COCO's ``ann_file``, lie in the config's data_root too."""
    for key in ('val_evaluator', 'test_evaluator'):
        evaluators = cfg.get(key) or []
        for evaluator in evaluators if isinstance(evaluators, list | tuple) else [evaluators]:
            file = evaluator.get('ann_file')
            root = next((root for root in roots if isinstance(file, str) and file.startswith(root)), None)
            if root is not None:
                evaluator['ann_file'] = os.path.join(cfg.data_root, file.removeprefix(root).lstrip('/'))


def _assigned_names(path: Path) -> dict[str, bool]:
    """Names that a config file sets, and whether it uses each itself; none of a file that is no Python."""
    if path.suffix != '.py':
        return {}
    nodes = ast.walk(ast.parse(path.read_text(encoding='utf-8')))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    used = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    return {node.id: node.id in used for node in names if isinstance(node.ctx, ast.Store)}


def _uses_of(settings: Config, value: Any) -> str:
    """Some keys that have a value."""
    read = [key for key in settings if key in _RUNNER_KEYS]
    uses = [where for key in read for where, found in walk(settings[key], key) if found == value]
    return ', '.join(uses[:4]) or 'train_dataloader.dataset.pipeline'


def _find_datasets(cfg: Config) -> Iterator[tuple[str, dict]]:
    """Key and settings of each data set that is none of other data sets."""
    for loader in DATALOADERS:
        if isinstance(cfg.get(loader), Mapping):
            for key, node in walk(cfg[loader].get('dataset'), f'{loader}.dataset'):
                is_dataset = re.search(r'\.dataset$|\.datasets\.\d+$', key)
                if is_dataset and isinstance(node, dict) and not {'dataset', 'datasets'} & node.keys():
                    yield key, node


def _may_read(data: Mapping, name: str) -> bool:
    """Whether a data set has a setting of this name, or may have one, as far as its type is known."""
    known, is_complete = _known_keys(data, '')
    return name in known or not is_complete


def _find_heads(model: Any) -> Iterator[tuple[str, dict]]:
    """Key and settings of each part of a model that has a number of classes."""
    for key, node in walk(model, 'model'):
        if isinstance(node, dict) and 'num_classes' in node and not {*_CLASSLESS_PARTS} & {*key.split('.')}:
            yield key, node


def _stated_classes(cfg: Mapping, path: Path) -> tuple[str, ...] | None:
    """The classes of a config; one name is a list of one."""
    classes = cfg.get('classes', (cfg.get('metainfo') or {}).get('classes'))
    if classes is None:
        return None
    classes = tuple(map(str.strip, classes.split(','))) if isinstance(classes, str) else tuple(map(str, classes))
    twice = sorted({name for name in classes if classes.count(name) > 1})
    if not classes or not all(classes) or twice:
        found = f'{twice[0]!r} twice' if twice else f'{list(classes)}'
        raise ValueError(f'{path}: classes: found {found}, expected different names: --classes ship,boat')
    return classes


def _dataset_classes(data: Mapping) -> tuple[str, ...] | None:
    """The classes of a data set, its type's where it names none; None where they are not known before it is built."""
    classes = data.get('metainfo', {}).get('classes')
    if classes is None:
        kind = _find_type(data.get('type'))
        classes = getattr(kind, 'METAINFO', {}).get('classes')
        if inspect.isclass(kind) and 'classwise' in _parameters(kind)[0]:
            # HRSC2016 has one class or 31, as its arguments say.
            return None
    return (classes,) if isinstance(classes, str) else None if classes is None else tuple(classes)


def _shorten(names: Sequence[str]) -> str:
    return ', '.join(names) if len(names) <= 3 else f'{names[0]}, ..., {names[-1]}'


def _check_option(cfg: Config, key: str) -> None:
    parts = key.split('.')
    if len(parts) == 1 and parts[0] in (*SPREAD, 'work_dir'):
        return
    if parts[0] not in _RUNNER_KEYS and parts[0] != 'simulation':
        if parts[0] in cfg:
            raise ValueError(
                f'--cfg-options {key}: no effect, {parts[0]} is a variable that the config has already used; set what '
                f'was made of it, such as {_uses_of(cfg, cfg[parts[0]])}'
            )
        _refuse(key, parts[0], {*_RUNNER_KEYS, *SPREAD} & {*cfg, *SPREAD, *_OPTIONAL_ROOTS})
    node: Any = cfg._cfg_dict
    for depth, name in enumerate(parts):
        if isinstance(node, list | tuple):
            if not name.isdigit() or int(name) >= len(node):
                where = '.'.join(parts[:depth])
                raise ValueError(f'--cfg-options {key}: found {name!r}, expected a number below {len(node)}: {where}')
            node = node[int(name)]
        elif isinstance(node, Mapping):
            if name not in node:
                if parts[:depth] == ['default_hooks']:
                    # A hook of any name.
                    return
                known, complete = _known_keys(node, parts[depth - 1]) if depth else (_RUNNER_KEYS, True)
                if name not in known and (complete or difflib.get_close_matches(name, known, cutoff=0.8)):
                    _refuse(key, name, {*node, *known} - {'type'})
                return
            node = node[name]
        else:
            where = '.'.join(parts[:depth])
            raise ValueError(f'--cfg-options {key}: {where} is {node!r}, which has no setting {name}')


def _refuse(key: str, name: str, known: Collection[str]) -> None:
    close = difflib.get_close_matches(name, list(known), 1, cutoff=0.6)
    expected = f'expected one of {", ".join(sorted(known))}.' if known else 'it takes no settings.'
    hint = f'did you mean {close[0]}?' if close else expected
    raise ValueError(f'--cfg-options {key}: nothing reads {name}; {hint} What is new goes into a config file')


def _known_keys(node: Mapping, name: str) -> tuple[set[str], bool]:
    """What may be set in a dict beside what it has, and whether that is all."""
    if 'type' not in node:
        return set(_OPTIONAL_KEYS.get(name, ())), True
    kind = _find_type(node['type'])
    return (set(), False) if kind is None else _parameters(kind)


def _parameters(kind: Any) -> tuple[set[str], bool]:
    """Names of the parameters of a class or function, those of its bases too, and whether it takes no others."""
    names = {'type'}
    for part in inspect.getmro(kind)[:-1] if inspect.isclass(kind) else [kind]:
        init = vars(part).get('__init__') if inspect.isclass(part) else part
        if init is None:
            continue
        parameters = inspect.signature(init).parameters.values()
        named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        names |= {parameter.name for parameter in parameters if parameter.kind in named} - {'self'}
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            return names, True
    return names, False


def _find_type(name: Any) -> Any:
    """What a ``type`` of a config names; None where no registry knows it."""
    if not isinstance(name, str):
        return name
    scope, _, short = name.rpartition('.')
    registries = [registry for registry in vars(root).values() if isinstance(registry, Registry)]
    for wanted in [scope] if scope else ['mmrotate', 'mmengine', 'mmdet']:
        for registry in registries:
            # Registries of a scope are children of MMEngine's; `get` would import what it does not find, and warn.
            place = registry if wanted == 'mmengine' else registry.children.get(wanted)
            if place is not None and short in place.module_dict:
                return place.module_dict[short]
    return None
