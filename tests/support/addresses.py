"""Addresses for processes that talk to each other on this machine."""

import socket


def free_address():
    """Returns `HOST:PORT` of this machine, at a port that nothing uses."""
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{opened.getsockname()[1]}"
