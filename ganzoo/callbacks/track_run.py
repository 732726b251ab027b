"""Shows a training run in the trackers that people use."""

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ganzoo import json_files
from ganzoo.callbacks.trackers import TRACKERS
from ganzoo.file_names import check_folder_name
from ganzoo.files import new_file, user_path
from ganzoo.training.fit_hook import FitHook

_IDS = "trackers.json"
_WAY_OUT = "remove it, and the trackers show the rest of the run as a new one"


class TrackRun(FitHook):
    """Sends the values of each epoch, pictures, settings and a card to trackers.

    A tracker that fails, for example because nobody has logged in, is left out for the rest of the
    run, with one warning: the run goes on. A resumed run continues its runs there; their names are
    in the file `trackers.json` of the folder. List this callback after the ones that add to the
    logs and draw the pictures.

    Args:
        trackers: Names of trackers: `"tensorboard"`, `"wandb"`, `"mlflow"`.
        folder: Folder of the run on this machine. It is created if it does not exist.
        samples: Folder of a `SampleGrid`, or `None`.
        name: Name of the run; by default the name of the folder.
        options: Settings of the run to show, a dictionary.
        card: Description of the run in Markdown.

    Raises:
        ValueError: If there is no such tracker.
        ImportError: If the package of a tracker is not installed. The message names the extra.
        ValueError: When training begins, if `trackers.json` is damaged.
        OSError: When training begins, if the folder is not writable.

    Example:

    >>> pictures = ganzoo.callbacks.SampleGrid("run/samples")
    >>> shown = ganzoo.callbacks.TrackRun(["tensorboard"], "run", "run/samples")
    >>> history = gan.fit(dataset, epochs=20, callbacks=[pictures, shown])
    """

    needs_batch_logs = False

    def __init__(
        self,
        trackers: Sequence[str],
        folder: str | Path,
        samples: str | Path | None = None,
        name: str | None = None,
        options: dict[str, Any] | None = None,
        card: str = "",
    ):
        super().__init__()
        check_folder_name("folder", folder)
        self.folder = user_path(folder)
        self.samples = None if samples is None else user_path(samples)
        self.name = name or self.folder.resolve().name
        self.options = dict(options or {})
        self.card = card
        self._trackers = {one: TRACKERS[one]() for one in trackers}
        self._running: dict[str, Any] = {}
        self._values: dict[str, float] = {}
        self._shown: Path | None = None

    def on_train_begin(self, logs=None):
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / _IDS
        ids = json_files.read(file, _WAY_OUT) if file.is_file() else {}
        self._running = dict(self._trackers)
        for name in self._trackers:
            found = self._tell(name, "start", self.name, self.folder, ids.get(name), self.options)
            if found is not None:
                ids[name] = found
        with new_file(file, replace=True) as partial:
            partial.write_text(json.dumps(ids))

    def on_epoch_end(self, epoch, logs=None):
        step = self.model.step
        self._values = {name: float(value) for name, value in (logs or {}).items()}
        picture = self._newest_picture()
        for name in list(self._running):
            self._tell(name, "scalars", self._values, step)
            if picture is not None and picture != self._shown:
                self._tell(name, "picture", picture, step)
        self._shown = picture

    def detach(self) -> None:
        for name in list(self._running):
            self._tell(name, "finish", self._values, self.card)
        self._running = {}

    def _newest_picture(self):
        if self.samples is None:
            return None
        return max(self.samples.glob("step_*[0-9].png"), default=None)

    def _tell(self, name, method, *arguments):
        """Calls a tracker, and leaves it out from now on if that fails."""
        tracker = self._running.get(name)
        if tracker is None:
            return None
        try:
            return getattr(tracker, method)(*arguments)
        except Exception as error:  # Services raise many kinds of errors.
            del self._running[name]
            warnings.warn(
                f"The run is no longer shown in {name}, and goes on. Received: "
                f"{type(error).__name__}: {error}",
                stacklevel=2,
            )
            return None
