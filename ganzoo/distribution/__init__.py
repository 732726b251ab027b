"""Where a training run computes: devices, replicas and processes."""

from ganzoo.distribution.devices import available, check_devices, scope
from ganzoo.distribution.hardware import set_threads
from ganzoo.distribution.processes import (
    gather,
    join,
    process_count,
    process_index,
    process_rows,
)

__all__ = [
    "available",
    "check_devices",
    "gather",
    "join",
    "process_count",
    "process_index",
    "process_rows",
    "scope",
    "set_threads",
]
