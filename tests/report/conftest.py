"""A small data set with drawn ships, a predictions file with known mistakes, and a headless browser."""

import contextlib
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ship_det.annotations import LabeledObject, write_dota
from ship_det.evaluation import write_predictions
from ship_det.geometry import rbox_to_quad

CLASSES = ('tanker', 'submarine', 'ferry <&"')
SIDE = 200
# Image name: objects as (cx, cy, w, h, theta, class, difficult).
SHIPS = {
    'a.png': [(50, 50, 60, 12, 0.0, 0, False), (140, 50, 50, 10, 0.5, 1, False), (100, 150, 80, 16, -0.4, 1, False)],
    'b.png': [(60, 60, 70, 14, 0.3, 1, False), (150, 150, 40, 20, 0.0, 0, True)],
    'c.png': [],
}
# Image name: detections as (cx, cy, w, h, theta, class, score).
FOUND = {
    'a.png': [
        (50, 50, 60, 12, 0.0, 0, 0.95),  # right
        (141, 50, 50, 10, 0.5, 0, 0.9),  # the submarine taken for a tanker
        (50, 51, 60, 12, 0.0, 0, 0.7),  # the tanker a second time
        (100, 150, 80, 16, -0.4, 1, 0.3),  # right, below the score threshold
    ],
    'b.png': [
        (60, 60, 70, 14, 0.3, 1, 0.8),  # right
        (150, 150, 40, 20, 0.0, 0, 0.85),  # on the difficult tanker
        (60, 160, 30, 10, 1.0, 2, 0.6),  # nothing there
    ],
    'c.png': [],
}


def write_data_set(root: Path) -> None:
    """Chips of dark water with a light rectangle for each ship."""
    (root / 'images').mkdir(parents=True)
    (root / 'labelTxt').mkdir()
    for file, ships in SHIPS.items():
        image = Image.new('RGB', (SIDE, SIDE), (40, 60, 80))
        objects = []
        for *box, label, difficult in ships:
            quad = rbox_to_quad(np.array([box]))[0]
            ImageDraw.Draw(image).polygon([tuple(corner) for corner in quad], fill=(190, 190, 180))
            objects.append(LabeledObject(quad, CLASSES[label], difficult))
        image.save(root / 'images' / file)
        write_dota(root / 'labelTxt' / f'{Path(file).stem}.txt', objects)
    (root / 'train.txt').write_text('a.png\n')


def prediction_records(found: dict = FOUND) -> list[dict]:
    """Detections as ``write_predictions`` takes them."""
    records = []
    for file, rows in found.items():
        table = np.array(rows, dtype=np.float64).reshape(-1, 7)
        records.append({'file': file, 'boxes': table[:, :5], 'labels': table[:, 5].astype(int), 'scores': table[:, 6]})
    return records


@pytest.fixture(scope='session')
def sample(tmp_path_factory) -> SimpleNamespace:
    """Data set, predictions and training log on disk; tests only read them."""
    root = tmp_path_factory.mktemp('sample')
    write_data_set(root / 'set')
    write_predictions(root / 'ci.jsonl', CLASSES, prediction_records())
    steps = [{'loss': 4.0 / step, 'loss_cls': 1.0 / step, 'lr': 0.01, 'step': step} for step in range(1, 30)]
    (root / 'scalars.json').write_text('\n'.join(map(json.dumps, steps)))
    return SimpleNamespace(
        root=root, data=root / 'set', predictions=root / 'ci.jsonl', log=root / 'scalars.json', classes=CLASSES
    )


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
