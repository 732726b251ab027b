"""What other processes take of the cores while a block is timed."""

import os
import time


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
