"""Detects how much of the cores other processes use while a block is timed."""

import os
import time


def add_flags(parser, block_seconds, patience):
    """Adds the flags for cores, lengths of blocks and patience to a benchmark."""
    parser.add_argument("--threads", type=int, default=2, help="number of cores to use")
    parser.add_argument(
        "--cores", help="numbers of the cores, such as 2,3; the first ones by default"
    )
    parser.add_argument("--repeats", type=int, default=15, help="blocks per median")
    parser.add_argument(
        "--block-seconds", type=float, default=block_seconds, help="minimum length of a block"
    )
    parser.add_argument(
        "--foreign-load",
        type=float,
        default=0.03,
        help="a block is repeated if other processes use more than this share of the cores",
    )
    parser.add_argument(
        "--patience",
        type=float,
        default=patience,
        help="total seconds to spend on repeated blocks",
    )
    parser.add_argument("--markdown", help="file to write the tables to")
    parser.add_argument("--json", help="file to write all blocks to")


class ForeignLoad:
    """Repeats a block if other processes used the cores meanwhile.

    Without `/proc/stat`, every block counts as undisturbed.

    Args:
        cores: Numbers of the cores, separated by commas.
        limit: Share of the cores, in [0, 1], that other processes may use.
        patience: Total seconds to spend on repeated blocks. After that, every block is accepted.
    """

    def __init__(self, cores, limit, patience):
        self._cores = [f"cpu{core}" for core in cores.split(",")]
        self._limit = limit
        self._patience = patience
        self.accepted = 0
        self.accepted_disturbed = 0

    def undisturbed(self, run):
        """Calls `run` until it is undisturbed, and returns its `"seconds"`."""
        while True:
            busy, start = self._busy(), time.perf_counter()
            answer = run()
            elapsed = time.perf_counter() - start
            foreign = self._busy() - busy - answer["processor_seconds"]
            disturbed = foreign > self._limit * len(self._cores) * elapsed
            if not disturbed or self._patience <= 0:
                self.accepted += 1
                self.accepted_disturbed += disturbed
                return answer["seconds"]
            # A short pause, so that the other processes can finish.
            time.sleep(min(1.0, elapsed))
            self._patience -= time.perf_counter() - start

    def _busy(self):
        """Returns the seconds that the cores have been busy since the system started."""
        if not os.path.exists("/proc/stat"):
            return 0.0
        ticks = 0
        with open("/proc/stat") as lines:
            for line in lines:
                name, *values = line.split()
                if name in self._cores:
                    user, nice, system, _, _, interrupts, soft_interrupts, stolen = map(
                        int, values[:8]
                    )
                    ticks += user + nice + system + interrupts + soft_interrupts + stolen
        return ticks / os.sysconf("SC_CLK_TCK")
