"""Runs the fenced blocks of a page as a reader would, in seconds.

A block of bash runs in bash. The programs that it calls are stand-ins. Those for ``ship-det``, ``python`` and
``torchrun`` hand their arguments to the test, which makes trainings short and runs the command in a process that is
forked with the libraries loaded. Those for ``make``, ``pip`` and the like only look whether what they are asked for
exists.
"""

import ast
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from configparser import ConfigParser
from pathlib import Path

from page_data import substitute
from short_commands import shorten

ROOT = Path(__file__).resolve().parents[2]
# Hands its name, arguments, folder and environment to the test, prints the answer and ends with its exit code.
_STAND_IN = f"""#!{sys.executable} -SE
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as channel:
    channel.connect(os.environ['PAGE_SHELL'])
    words = [os.path.basename(sys.argv[0]), *sys.argv[1:]]
    channel.sendall(json.dumps([words, os.getcwd(), dict(os.environ)]).encode() + b'\\n')
    code, output = json.loads(channel.makefile().read())
sys.stdout.write(output)
sys.exit(code)
"""
_NAMES = ('ship-det', 'python', 'python3', 'torchrun', 'make', 'pip', 'git', 'apt', 'apt-get', 'sudo')
# ship-det. Commands that are made of others fork them, which saves the time of loading the libraries in each.
_ENTRY = """
import os, sys
import ship_det.processes
from ship_det.commands.main import main

def run_command(command, pass_fds=()):
    assert list(command[:3]) == [sys.executable, '-m', 'ship_det.commands.main'], command
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    sys.argv = ['ship-det', *command[3:]]
    code = 1
    try:
        main()
    except SystemExit as end:
        code = end.code or 0
    finally:
        sys.stdout.flush()
        os._exit(code)

# Processes of a pool read this file too.
if __name__ == '__main__':
    ship_det.processes.run_command = run_command
    main()
"""
_ASSIGNMENT = re.compile(r'^(?:export )?[A-Za-z_]+=\S*$', re.MULTILINE)
# A process of run_tool ends well where its script says so.
_RUN = "import runpy, sys\nsys.argv.pop(0)\nrunpy.run_path(sys.argv[0], run_name='__main__')\nsys.exit()\n"
# What a block of Python may use without saying where it comes from.
_GIVEN = """import os
import numpy as np
import ship_det
if os.path.exists('SCENE.tif'):
    from ship_det.raster import read_rgb
    image = read_rgb('SCENE.tif')
"""


class PageShell:
    """The folder of a page, in which its blocks run one after the other.

    Args:
        folder: where they run; it gets links to the folders of a checkout that commands name.
        run_tool: the fixture of that name.
        classes: names of the classes of the page's data.
    """

    def __init__(self, folder: Path, run_tool: Callable, classes: Sequence[str]) -> None:
        self.folder, self.run_tool, self.classes = folder, run_tool, classes
        self.programs = folder / '.programs'
        self.programs.mkdir(parents=True)
        (self.programs / 'entry.py').write_text(_ENTRY)
        (self.programs / 'run.py').write_text(_RUN)
        for name in _NAMES:
            (self.programs / name).write_text(_STAND_IN)
            (self.programs / name).chmod(0o755)
        self._make_venv(folder / '.venv')
        for name in ('configs', 'tools', 'data_tools', 'benchmarks', 'docs'):
            (folder / name).symlink_to(ROOT / name)
        self.python_lines, self.variables = _GIVEN, ''

    def bash(self, text: str) -> tuple[int, str]:
        """Run a block of bash: the exit code, of the first command that fails, and what was printed."""
        text = substitute(text)
        with tempfile.TemporaryDirectory(prefix='page') as short, socket.socket(socket.AF_UNIX) as server:
            server.bind(address := f'{short}/socket')
            server.listen()
            threading.Thread(target=self._serve, args=(server,), daemon=True).start()
            result = subprocess.run(
                ['bash', '-euo', 'pipefail', '-c', f'{self.variables}\n{text}'],
                cwd=self.folder,
                env={**os.environ, 'PATH': f'{self.programs}:{os.environ["PATH"]}', 'PAGE_SHELL': address},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        # What a block sets is set in the next one, as in a terminal.
        self.variables += ''.join(f'{line}\n' for line in _ASSIGNMENT.findall(text))
        return result.returncode, result.stdout

    def python(self, text: str) -> tuple[int, str]:
        """Run a block of Python after all those before it; one that states ``_base_`` is read as a config."""
        text = substitute(text)
        names = [ast.unparse(node.targets[0]) for node in ast.parse(text).body if isinstance(node, ast.Assign)]
        if '_base_' in names:
            (self.folder / 'a_config.py').write_text(text)
            return self.ship_det('config', 'a_config.py', '--out', 'a_resolved_config.py')
        self.python_lines += text
        return self._python(['-c', self.python_lines], self.folder)

    def ship_det(self, *arguments: object, folder: Path | None = None, **environment: str) -> tuple[int, str]:
        """Run a command as it is."""
        place = self.folder if folder is None else folder
        return self.run_tool(self.programs / 'entry.py', *arguments, PWD=place, **environment)

    def _serve(self, server: socket.socket) -> None:
        while True:
            try:
                channel, _ = server.accept()
            except OSError:
                return
            with channel, channel.makefile('rw') as file:
                words, folder, environment = json.loads(file.readline())
                try:
                    answer = self._answer(words, Path(folder), environment)
                except Exception as error:
                    answer = 1, f'{type(error).__name__}: {error}\n'
                file.write(json.dumps(answer))

    def _answer(self, words: list[str], folder: Path, environment: dict[str, str]) -> tuple[int, str]:
        name, *arguments = words
        # What the block exported.
        exported = {key: value for key, value in environment.items() if os.environ.get(key) != value}
        for key in ('PATH', 'PAGE_SHELL', 'PWD', 'OLDPWD', 'SHLVL', '_'):
            exported.pop(key, None)
        if name == 'make':
            return self._make(arguments)
        if name == 'git' and arguments[:1] == ['clone']:
            (folder / arguments[-1]).mkdir(exist_ok=True)
        if name in ('git', 'apt', 'apt-get', 'sudo'):
            return 0, ''
        if name == 'torchrun':
            name, arguments = 'python', arguments[next(i for i, word in enumerate(arguments) if word.endswith('.py')) :]
        if name.startswith('python') and arguments[:1] == ['-m']:
            name, arguments = arguments[1], arguments[2:]
            if name == 'venv':
                self._make_venv(folder / arguments[0])
                return 0, ''
        if name == 'pip':
            return self._pip(arguments)
        if name.startswith('python'):
            script = Path(arguments[0])
            if script.parent.name not in ('tools', 'data_tools') or not (ROOT / script).exists():
                return self._python(arguments, folder, **exported)
            arguments = [script.stem.replace('_', '-'), *arguments[1:]]
        return self.ship_det(*shorten(arguments, folder, self.classes), folder=folder, **exported)

    def _python(self, arguments: list[str], folder: Path, **environment: str) -> tuple[int, str]:
        script = folder / arguments[0]
        if arguments[0] == '-c':
            script = self.programs / 'lines.py'
            script.write_text(arguments.pop(1))
        return self.run_tool(self.programs / 'run.py', script, *arguments[1:], PWD=folder, **environment)

    def _make(self, arguments: list[str]) -> tuple[int, str]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith('MAKE')}
        result = subprocess.run(['make', '-n', *arguments], cwd=ROOT, env=clean, capture_output=True, text=True)
        return result.returncode, result.stderr

    def _pip(self, arguments: list[str]) -> tuple[int, str]:
        setup = ConfigParser()
        setup.read(ROOT / 'setup.cfg')
        known = set(setup['options.extras_require'])
        asked = {extra for word in arguments if '[' in word for extra in word.split('[')[1].rstrip(']').split(',')}
        return (1, f'pip: no extras {sorted(asked - known)}\n') if asked - known else (0, '')

    @staticmethod
    def _make_venv(folder: Path) -> None:
        (folder / 'bin').mkdir(parents=True, exist_ok=True)
        (folder / 'bin/activate').touch()
