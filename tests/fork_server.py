"""`relureg` many times over, without its start: a process that has imported it forks for each command.

What is forked leaves by way of `python -m relureg` with the arguments, folder, environment and streams of its own, and
ends as any process does. What Python or a library reads at its start (`PYTHON*`), and the memory taken by then, are the
server's: whoever tests that runs a process of its own.
"""

import gc
import importlib
import os
import pickle
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

IMPORTED = ("networkx", "onnx", "relureg", "relureg.engine.split", "relureg.readers.onnx.reader", "rich.table")
"""What takes a while to import, and starts no threads; besides these the modules of all commands."""


class ForkServer:
    """The server, from the side of the tests; it goes when its socket is closed, also by the end of this process."""

    def __init__(self, folder: Path) -> None:
        self._channel, theirs = socket.socketpair()
        with theirs:
            # Pipes, as those that the commands will have: Python looks at its streams when it starts.
            self.process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())], cwd=folder, pass_fds=[theirs.fileno()],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip

    def run(
        self, words: list[str], *, stdin: bytes, folder: Path, timeout: float
    ) -> subprocess.CompletedProcess[bytes]:
        """As `subprocess.run` with pipes, one after the other."""
        (their_in, in_), (out, their_out), (err, their_err) = os.pipe(), os.pipe(), os.pipe()
        request = pickle.dumps((words, str(folder), dict(os.environ)))
        socket.send_fds(self._channel, [len(request).to_bytes(8, "big")], [their_in, their_out, their_err])
        self._channel.sendall(request)
        for descriptor in (their_in, their_out, their_err):
            os.close(descriptor)
        with ThreadPoolExecutor(3) as pool:
            stdout, stderr, _ = pool.submit(_read, out), pool.submit(_read, err), pool.submit(_write, in_, stdin)
            pid = self._number()
            self._channel.settimeout(timeout)
            try:
                code = self._number()
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                self._channel.settimeout(None)
                self._number()
                raise subprocess.TimeoutExpired(words, timeout) from None
            self._channel.settimeout(None)
        return subprocess.CompletedProcess(words, code, stdout.result(), stderr.result())

    def _number(self) -> int:
        content = self._channel.recv(8, socket.MSG_WAITALL)
        assert len(content) == 8, "the server has gone"
        return int.from_bytes(content, "big", signed=True)

    def close(self) -> None:
        """Let the server go, and wait for it."""
        self._channel.close()
        self.process.communicate(timeout=60)


def _read(descriptor: int) -> bytes:
    with open(descriptor, "rb") as stream:
        return stream.read()


def _write(descriptor: int, content: bytes) -> None:
    with open(descriptor, "wb", buffering=0) as stream:  # what the command does not read ends in an error nobody sees
        stream.write(content)


def _serve(channel: socket.socket) -> tuple[list[str], str, dict[str, str], list[int]]:
    """Fork for each request until the tests have gone; only what is forked returns, with its request."""
    while True:
        length, descriptors, _, _ = socket.recv_fds(channel, 8, 3)
        if not length:
            sys.exit()
        request = pickle.loads(channel.recv(int.from_bytes(length, "big"), socket.MSG_WAITALL))
        pid = os.fork()
        if not pid:
            return (*request, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        channel.sendall(pid.to_bytes(8, "big"))
        channel.sendall(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]).to_bytes(8, "big", signed=True))


def main() -> None:
    """Import, serve, and in what is forked become the command."""
    commands = pkgutil.iter_modules(importlib.import_module("relureg.cli").__path__, "relureg.cli.")
    for name in (*IMPORTED, *(module.name for module in commands)):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what is collected no more is not copied either
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        words, folder, environment, descriptors = _serve(channel)
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = words
    runpy.run_module("relureg", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
