"""`relureg` many times over, without its start: a process that has imported it forks for each command.

What is forked leaves by way of `python -m relureg` with the arguments, folder, environment and streams of its own, and
ends as any process does. What Python or a library reads at its start (`PYTHON*`), and the memory taken by then, are the
server's: whoever tests that runs a process of its own. Shells ask at a socket by `fork_client.py`, several at once.
"""

import atexit
import gc
import importlib
import marshal
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.fork_client import ask, number

IMPORTED = ("networkx", "onnx", "relureg", "rich.table")
"""What takes a while to import, and starts no threads; besides these all modules of relureg."""


class ForkServer:
    """The server, from the side of the tests; it goes when its socket is closed, also by the end of this process."""

    def __init__(self, folder: Path) -> None:
        self._channel, theirs = socket.socketpair()
        self._folder = tempfile.TemporaryDirectory(prefix="fork-")
        self.address = str(Path(self._folder.name) / "socket")
        with theirs, socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.address)
            listener.listen()
            given = [theirs.fileno(), listener.fileno()]
            # Pipes, as those that the commands will have: Python looks at its streams when it starts.
            self.process = subprocess.Popen(
                [sys.executable, "-m", __name__, *map(str, given)], cwd=folder, pass_fds=given,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip

    def run(
        self, words: list[str], *, stdin: bytes, folder: Path, timeout: float
    ) -> subprocess.CompletedProcess[bytes]:
        """As `subprocess.run` with pipes, one after the other."""
        (their_in, in_), (out, their_out), (err, their_err) = os.pipe(), os.pipe(), os.pipe()
        pid = ask(self._channel, words, str(folder), [their_in, their_out, their_err], dict(os.environ))
        for descriptor in (their_in, their_out, their_err):
            os.close(descriptor)
        with ThreadPoolExecutor(3) as pool:
            stdout, stderr, _ = pool.submit(_read, out), pool.submit(_read, err), pool.submit(_write, in_, stdin)
            self._channel.settimeout(timeout)
            try:
                code = number(self._channel)
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                self._channel.settimeout(None)
                number(self._channel)
                raise subprocess.TimeoutExpired(words, timeout) from None
            self._channel.settimeout(None)
        return subprocess.CompletedProcess(words, code, stdout.result(), stderr.result())

    def close(self) -> None:
        """Let the server go, and wait for it."""
        self._channel.close()
        self.process.communicate(timeout=60)
        self._folder.cleanup()


def _read(descriptor: int) -> bytes:
    with open(descriptor, "rb") as stream:
        return stream.read()


def _write(descriptor: int, content: bytes) -> None:
    with open(descriptor, "wb", buffering=0) as stream:  # what the command does not read ends in an error nobody sees
        stream.write(content)


Request = tuple[list[str], str, dict[str, str], list[int]]


def _serve(channel: socket.socket, listener: socket.socket) -> Request:
    """Fork for each request until the tests have gone; only what is forked returns, with its request."""
    while True:
        asking, _, _ = select.select([channel, listener], [], [])
        request = _answer(channel) if channel in asking else _answer_aside(listener)
        if request is not None:
            return request


def _answer(channel: socket.socket) -> Request | None:
    """Fork, and tell how what is forked has ended; that returns its request."""
    length, descriptors, _, _ = socket.recv_fds(channel, 8, 3)
    if not length:
        sys.exit()
    words, folder, environment = marshal.loads(channel.recv(int.from_bytes(length, "big"), socket.MSG_WAITALL))
    pid = os.fork()
    if not pid:
        return words, folder, environment, descriptors
    for descriptor in descriptors:
        os.close(descriptor)
    channel.sendall(pid.to_bytes(8, "big"))
    channel.sendall(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]).to_bytes(8, "big", signed=True))
    return None


def _answer_aside(listener: socket.socket) -> Request | None:
    """The same by a process that nobody waits for: the others of a pipeline come meanwhile."""
    connection, _ = listener.accept()
    with connection:
        if pid := os.fork():
            os.waitpid(pid, 0)
            return None
        if os.fork():
            os._exit(0)
        request = _answer(connection)
        if request is None:
            os._exit(0)
    return request


def _leave(code: object) -> None:
    """Do what Python does at its end, but for taking apart all that was imported, half of the time of a command."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)


def main() -> None:
    """Import, serve, and in what is forked become the command."""
    modules = pkgutil.walk_packages(importlib.import_module("relureg").__path__, "relureg.")
    for name in (*IMPORTED, *(module.name for module in modules if not module.name.endswith("__main__"))):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what is collected no more is not copied either
    channel, listener = (socket.socket(fileno=int(number)) for number in sys.argv[1:])
    with channel, listener:
        words, folder, environment, descriptors = _serve(channel, listener)
    for place, descriptor in enumerate(descriptors):
        os.dup2(descriptor, place)
        os.close(descriptor)
    os.chdir(folder)
    exec(environment.pop("PRELUDE", ""), {})
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = words
    try:
        runpy.run_module("relureg", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        _leave(ended.code)


if __name__ == "__main__":
    main()
