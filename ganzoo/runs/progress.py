"""The display of work on a terminal, with `rich`, and durations in words."""

import contextlib
import sys

from rich import progress as rich_progress
from rich.console import Console
from rich.text import Text

from ganzoo.training.fit_hook import FitHook

_WHAT_LOSSES_SAY = """\
d_loss and g_loss are what the players minimize; they balance each other and need not fall.
d_real and d_fake are the mean logits of real and generated examples: equal if the discriminator \
cannot tell them apart."""
_LOSSES = ("d_loss", "g_loss", "d_real", "d_fake")


class Progress:
    """Shows the progress of some work on stderr, and only if stderr is a terminal.

    As a context manager it gives itself, or `None` if there is no terminal. Call it with the name
    of a stage, the number of examples that are done, and their total number.
    """

    def __init__(self):
        self._stages, self._bars = {}, None

    def __enter__(self):
        if not sys.stderr.isatty():
            return None
        self._bars = _bars(Console(stderr=True))
        self._bars.start()
        return self

    def __exit__(self, *exception):
        if self._bars is not None:
            self._bars.stop()

    def __call__(self, stage, done, total):
        if stage not in self._stages:
            self._stages[stage] = self._bars.add_task(stage, total=total, values="")
        self._bars.update(self._stages[stage], completed=done)


@contextlib.contextmanager
def working(words):
    """Shows what is going on while the context lasts, on stderr and only if it is a terminal.

    For work that does not tell how much of it is done.
    """
    if not sys.stderr.isatty():
        yield
        return
    with Console(stderr=True).status(words):
        yield


class RunBar(FitHook):
    """Shows one bar for all steps of a run on stdout, with the time that is left.

    Keras's bar is for one epoch. A run on few images has thousands of them. The bar names the phase
    in which the step is compiled, and shows the losses of the latest step and the latest metrics.
    What the losses mean is said once, above the bar.

    Args:
        steps: Number of steps that are to do.
        console: The `rich.console.Console`; by default stdout.
    """

    def __init__(self, steps, console=None):
        super().__init__()
        self._steps = steps
        self._console = console
        self._bars = None
        self._losses, self._metrics = {}, {}

    def attach(self, callbacks):
        self._bars = _bars(self._console or Console())

    def on_train_begin(self, logs=None):
        self._bars.console.print(_WHAT_LOSSES_SAY, style="dim", highlight=False)
        self._bars.start()
        self._first_step = None
        self._task = self._bars.add_task("compiling", total=self._steps, values="")

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch_start = self.model.step
        if self._first_step is None:
            self._first_step = self._epoch_start

    def on_train_batch_end(self, batch, logs=None):
        self._losses = {name: logs[name] for name in _LOSSES if name in (logs or {})}
        done = self._epoch_start + batch + 1 - self._first_step
        self._show(completed=done, description="training")

    def on_epoch_end(self, epoch, logs=None):
        # The values that are neither losses nor of single layers.
        self._metrics = {
            name: value
            for name, value in (logs or {}).items()
            if name not in _LOSSES and "/" not in name and not name.startswith(("d_", "g_"))
        }
        self._show()

    def detach(self):
        if self._bars is not None:
            self._bars.stop()

    def _show(self, **changes):
        groups = [self._losses, self._metrics]
        texts = [
            " ".join(f"{name} {float(value):.4g}" for name, value in g.items()) for g in groups
        ]
        self._bars.update(self._task, values="  ".join(filter(None, texts)), **changes)


class _Bars(rich_progress.Progress):
    """Bars with the values of each task below, so that a narrow terminal shows all of both."""

    def get_renderables(self):
        yield self.make_tasks_table(self.tasks)
        for task in self.tasks:
            if task.fields["values"]:
                yield Text(task.fields["values"])


def _bars(console):
    return _Bars(
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(bar_width=20),
        rich_progress.MofNCompleteColumn(),
        rich_progress.TimeElapsedColumn(),
        rich_progress.TextColumn("left"),
        rich_progress.TimeRemainingColumn(),
        console=console,
    )


def duration(seconds):
    """Returns a duration in words, in seconds, minutes, hours or days.

    Example:

    >>> duration(5400)
    '1.5 hours'
    """
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.2g} {unit}"
    return f"{seconds:.2g} seconds"
