"""Training runs: each has a folder with its options, log, pictures, checkpoints and model.

`ganzoo.train` starts and resumes them, as the command `ganzoo train` does.
"""

from ganzoo.runs.run_folder import RunFolder, RunFolderError, load_model
from ganzoo.runs.train import plan, train
from ganzoo.runs.train_plan import TrainedRun, TrainPlan

__all__ = [
    "RunFolder",
    "RunFolderError",
    "TrainPlan",
    "TrainedRun",
    "load_model",
    "plan",
    "train",
]
