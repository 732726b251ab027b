"""What happens when the reader of the output closes it, as `head` does."""

import os
import select

_STDOUT, _STDERR = 1, 2


def discard_closed_output() -> bool:
    """Sends stdout and stderr to nowhere if their reader has closed them.

    Python writes what is left in its buffers when the process ends, and would print an error.

    Returns:
        Whether one of them was closed.
    """
    poll = select.poll()
    for descriptor in (_STDOUT, _STDERR):
        poll.register(descriptor, 0)
    closed = [descriptor for descriptor, event in poll.poll(0) if event & select.POLLERR]
    for descriptor in closed:
        _discard(descriptor)
    return bool(closed)


def discard_output() -> None:
    """Sends stdout to nowhere, since it cannot be written, for example on a full disk."""
    _discard(_STDOUT)


def _discard(descriptor):
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
