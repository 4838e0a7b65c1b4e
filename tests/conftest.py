"""Runs the command lines that load torch and MMRotate, each in a process of its own, without loading them anew.

And a headless browser, for pages.
"""

import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / 'configs/quickstart/r2cnn_r18w32_fpn64_ci_demo.py'
CLASSES = ('tanker', 'submarine')


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of real data."""
    for item in items:
        if 'data_root' in getattr(item, 'fixturenames', ()):
            item.add_marker('data')


@pytest.fixture(scope='session')
def data_root() -> Path:
    """Real data, where the environment names its folder."""
    root = os.environ.get('SHIP_DET_DATA')
    if not root:
        pytest.skip('SHIP_DET_DATA is not set')
    return Path(root)


@pytest.fixture(params=['cpu', pytest.param('cuda', marks=pytest.mark.gpu)])
def device(request) -> str:
    """What to compute on; a GPU where there is one."""
    if request.param == 'cuda' and not torch.cuda.is_available():
        pytest.skip('no GPU')
    return request.param


# Loads the libraries once; then each line asks for processes that run side by side, forked with the libraries loaded.
SERVER = """
import json, os, runpy, sys
# Libraries print while they are loaded; answers go out on a channel of their own.
answers = os.fdopen(os.dup(1), 'w')
os.dup2(2, 1)
import ship_det.launch, ship_det.plugin, ship_det.annotations.conversion, ship_det.report, ship_det.tiling.run

def child(script, arguments, environment, output):
    file = os.open(output, os.O_WRONLY | os.O_CREAT)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.environ.update(environment)
    os.chdir(environment.get('PWD', '.'))
    sys.argv = [script, *arguments]
    sys.path[:1] = [os.path.dirname(script), *filter(None, environment.get('PYTHONPATH', '').split(':'))]
    code = 1
    try:
        runpy.run_path(script, run_name='__main__')
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

print('ready', file=answers, flush=True)
for line in sys.stdin:
    children = []
    for request in json.loads(line):
        pid = os.fork()
        if pid == 0:
            child(*request)
        children.append(pid)
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
    print(json.dumps(codes), file=answers, flush=True)
"""


@pytest.fixture(scope='session')
def run_side_by_side(tmp_path_factory) -> Iterator[Callable]:
    """A function that runs a script of tools/ once for each environment: (exit code, output) of each."""
    folder = tmp_path_factory.mktemp('outputs')
    environment = {**os.environ, 'OMP_NUM_THREADS': '1'}
    server = subprocess.Popen(
        [sys.executable, '-c', SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=ROOT,
    )
    assert server.stdout.readline() == 'ready\n'
    count = 0

    def run(name: str, *arguments: object, environments: list[dict]) -> list[tuple[int, str]]:
        nonlocal count
        count += 1
        outputs = [folder / f'{count}_{i}.txt' for i in range(len(environments))]
        script, words = str(ROOT / 'tools' / name), [str(argument) for argument in arguments]
        requests = [
            (script, words, variables, str(output)) for variables, output in zip(environments, outputs, strict=True)
        ]
        server.stdin.write(json.dumps(requests) + '\n')
        server.stdin.flush()
        codes = json.loads(server.stdout.readline())
        return [(code, output.read_text()) for code, output in zip(codes, outputs, strict=True)]

    yield run
    server.stdin.close()
    server.wait()


@pytest.fixture(scope='session')
def run_tool(run_side_by_side) -> Callable:
    """A function that runs a script of tools/, in the folder PWD if given; its exit code and what it printed."""

    def run(name: str, *arguments: object, **environment: object) -> tuple[int, str]:
        variables = {key: str(value) for key, value in environment.items()}
        return run_side_by_side(name, *arguments, environments=[variables])[0]

    return run


@pytest.fixture(scope='session')
def noise_chips(tmp_path_factory) -> Path:
    """A data set of five chips of noise: 0, 2 and 4 have two ships each, 1 and 3 none; 'ships.txt' lists the three."""
    root = tmp_path_factory.mktemp('chips')
    for folder in ('images', 'labelTxt'):
        (root / folder).mkdir()
    generator = torch.Generator().manual_seed(0)
    ships = ['20 20 90 20 90 40 20 40 tanker 0\n', '30 60 60 90 50 100 20 70 submarine 0\n']
    for i in range(5):
        pixels = torch.randint(0, 255, (128, 128, 3), generator=generator, dtype=torch.uint8)
        Image.fromarray(pixels.numpy()).save(root / 'images' / f'{i}.png')
        (root / 'labelTxt' / f'{i}.txt').write_text('' if i % 2 else ''.join(ships))
    for name, chips in (('train', range(5)), ('test', range(5)), ('ships', (0, 2, 4))):
        (root / f'{name}.txt').write_text(''.join(f'{i}.png\n' for i in chips))
    return root


@pytest.fixture(scope='session')
def chips(tmp_path_factory) -> Path:
    """Two chips of bright ships on dark water, in DOTA layout, with a config of their own."""
    root = tmp_path_factory.mktemp('chips')
    for folder in ('images', 'labelTxt'):
        (root / folder).mkdir()
    for index, name in enumerate(('a', 'b')):
        image = Image.new('RGB', (128, 128), (30, 50, 60))
        lines = []
        for k in range(3 + index):
            box = (20, 15 + 25 * k, 90, 27 + 25 * k)
            ImageDraw.Draw(image).rectangle(box, fill=(200, 200, 200))
            label = CLASSES[0] if k == 0 else CLASSES[1]
            lines.append(f'{box[0]} {box[1]} {box[2]} {box[1]} {box[2]} {box[3]} {box[0]} {box[3]} {label} 0\n')
        image.save(root / 'images' / f'{name}.png')
        (root / 'labelTxt' / f'{name}.txt').write_text(''.join(lines))
    for part in ('train', 'test'):
        (root / f'{part}.txt').write_text('a.png\nb.png\n')
    settings = f"""_base_ = '{CONFIG}'
metainfo = dict(classes={CLASSES})
train_dataloader = dict(
    batch_size=2, num_workers=0, persistent_workers=False, dataset=dict(metainfo=metainfo)
)
test_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(metainfo=metainfo))
val_dataloader = test_dataloader
model = dict(roi_head=dict(bbox_head=dict(num_classes=2)))
train_cfg = dict(max_iters=2)
default_hooks = dict(checkpoint=dict(interval=1), logger=dict(interval=1))
"""
    (root / 'config.py').write_text(settings)
    return root


@pytest.fixture(scope='session')
def trained(chips, run_tool) -> Path:
    """The last checkpoint of a short training on those chips."""
    options = ('--work-dir', chips / 'work', '--tensorboard', '--cfg-options', f'data_root={chips}')
    code, output = run_tool('train.py', chips / 'config.py', *options)
    assert code == 0, output[-3000:]
    return chips / 'work' / 'iter_2.pth'


class Browser:
    """Headless Chromium, driven through its DevTools protocol on a pipe.

    Attributes:
        complaints: console messages, exceptions and log entries of the page.
        requests: addresses that the page asked for, without data URIs.
    """

    def __init__(self, program: str, profile: Path) -> None:
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()
        # The protocol reads file descriptor 3 and writes 4.
        command = f'exec "$0" "$@" 3<&{to_browser} 4>&{from_browser}'
        options = (
            '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking '
            '--disable-component-update --disable-sync --remote-debugging-pipe --window-size=1400,1000'
        )
        self.process = subprocess.Popen(
            ['bash', '-c', command, program, *options.split(), f'--user-data-dir={profile}', 'about:blank'],
            pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._buffer, self._number, self._session = b'', 0, None
        self.complaints: list[str] = []
        self.requests: list[str] = []
        target = self.call('Target.createTarget', url='about:blank')['targetId']
        self._session = self.call('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.call(f'{domain}.enable')

    def call(self, method: str, **parameters):
        """Send a command and wait for its result."""
        self._number += 1
        message = {'id': self._number, 'method': method, 'params': parameters}
        if self._session:
            message['sessionId'] = self._session
        os.write(self._out, json.dumps(message).encode() + b'\0')
        while True:
            answer = self._receive()
            if answer.get('id') == self._number:
                if 'error' in answer:
                    raise RuntimeError(f'{method}: {answer["error"]}')
                return answer['result']

    def _receive(self) -> dict:
        deadline = time.monotonic() + 120
        while b'\0' not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], max(deadline - time.monotonic(), 0))
            data = os.read(self._in, 1 << 20) if ready else b''
            if not data:
                raise RuntimeError('the browser does not answer')
            self._buffer += data
        text, _, self._buffer = self._buffer.partition(b'\0')
        message = json.loads(text)
        method, detail = message.get('method'), message.get('params', {})
        if method in ('Runtime.consoleAPICalled', 'Runtime.exceptionThrown', 'Log.entryAdded'):
            self.complaints.append(json.dumps(detail))
        elif method == 'Network.requestWillBeSent' and not detail['request']['url'].startswith('data:'):
            self.requests.append(detail['request']['url'])
        return message

    def open(self, page: Path, anchor: str = '') -> None:
        """Load a page and wait until it is complete."""
        # A change of the anchor alone would not load it again.
        self.call('Page.navigate', url='about:blank')
        self.complaints.clear()
        self.requests.clear()
        self.call('Page.navigate', url=page.as_uri() + anchor)
        ready = "new Promise(done => document.readyState === 'complete' ? done() : addEventListener('load', done))"
        self.call('Runtime.evaluate', expression=ready, awaitPromise=True)

    def run(self, expression: str):
        """The value of a JavaScript expression in the page."""
        answer = self.call('Runtime.evaluate', expression=expression, returnByValue=True, awaitPromise=True)
        if 'exceptionDetails' in answer:
            raise RuntimeError(f'{expression}: {answer["exceptionDetails"]}')
        return answer['result'].get('value')

    def close(self) -> None:
        with contextlib.suppress(RuntimeError, OSError):
            self._session = None
            self.call('Browser.close')
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self._in)
        os.close(self._out)


@pytest.fixture(scope='session')
def browser(tmp_path_factory):
    """A headless Chromium; the test is skipped where none is installed."""
    program = next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))), None)
    if program is None:
        pytest.skip('no chromium installed (Debian: apt-get install chromium)')
    opened = Browser(program, tmp_path_factory.mktemp('profile'))
    yield opened
    opened.close()
