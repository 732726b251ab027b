"""What other processes take of the cores while a block is timed."""

import os
import time


def add_flags(parser, block_seconds, patience):
    """Gives a benchmark the flags that say on what, for how long and how patiently it times."""
    parser.add_argument("--threads", type=int, default=2, help="cores to compute on")
    parser.add_argument("--cores", help="their numbers, such as 2,3; by default the first ones")
    parser.add_argument("--repeats", type=int, default=15, help="blocks that a median is of")
    parser.add_argument(
        "--block-seconds", type=float, default=block_seconds, help="least time of a block"
    )
    parser.add_argument(
        "--foreign-load",
        type=float,
        default=0.03,
        help="share of the cores that other processes may take before a block is repeated",
    )
    parser.add_argument(
        "--patience",
        type=float,
        default=patience,
        help="seconds to spend on repeated blocks, in all",
    )
    parser.add_argument("--markdown", help="file to write the tables to")
    parser.add_argument("--json", help="file to write every block to")


class ForeignLoad:
    """Repeats the blocks during which other processes used the cores.

    Where the system has no `/proc/stat`, every block counts as undisturbed.

    Args:
        cores: Numbers of the cores, joined by commas.
        limit: Share of the cores, in [0, 1], that other processes may take.
        patience: Seconds to spend on repeated blocks in all. After that every block is accepted.
    """

    def __init__(self, cores, limit, patience):
        self._cores = [f"cpu{core}" for core in cores.split(",")]
        self._limit = limit
        self._patience = patience
        self.accepted = 0
        self.accepted_disturbed = 0

    def undisturbed(self, run):
        """Calls `run` until it was undisturbed, and returns the seconds that it answers."""
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
            # A moment's pause, for the others to finish.
            time.sleep(min(1.0, elapsed))
            self._patience -= time.perf_counter() - start

    def _busy(self):
        """Seconds that the cores have spent on anything since the system's start."""
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
