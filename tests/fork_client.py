"""What is asked of the fork server, as a program: `relureg` for shells, without its start.

    python -I -S tests/fork_client.py SOCKET ARGUMENTS

It imports next to nothing, lends its streams and waits. What `PRELUDE` in the environment holds runs first.
"""

import marshal
import os
import socket
import sys


def ask(
    channel: socket.socket, words: list[str], folder: str, descriptors: list[int], environment: dict[str, str]
) -> int:
    """Ask for a command with these streams; the answer is its process."""
    request = marshal.dumps((words, folder, environment))
    socket.send_fds(channel, [len(request).to_bytes(8, "big")], descriptors)
    channel.sendall(request)
    return number(channel)


def number(channel: socket.socket) -> int:
    """What the server answers: a process, and then the code with which it has ended."""
    content = channel.recv(8, socket.MSG_WAITALL)
    assert len(content) == 8, "the server has gone"
    return int.from_bytes(content, "big", signed=True)


if __name__ == "__main__":
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(sys.argv[1])
        ask(connection, sys.argv[2:], os.getcwd(), [0, 1, 2], dict(os.environ))
        sys.exit(number(connection))
