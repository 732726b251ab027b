"""The clock of a worker: the time on the wall, or the processor time of the process.

The processor time of a step hardly depends on what else the machine does.
"""

import os
import time

VARIABLE = "GANZOO_BENCHMARK_CLOCK"
CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}

now = CLOCKS[os.environ.get(VARIABLE, "wall")]
