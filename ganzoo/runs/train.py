"""A training run from Python, with the settings of the command `ganzoo train`."""

from typing import Any

from ganzoo.data import Dataset
from ganzoo.data.gathering import as_dataset
from ganzoo.runs.sources import GIVEN_IN_PYTHON
from ganzoo.runs.train_plan import TrainedRun, TrainPlan
from ganzoo_cli.commands.train import COMMAND
from ganzoo_cli.config_file import read_config
from ganzoo_cli.settings import options_of
from ganzoo_cli.shared_flags import DATA_FLAGS

# Flags that say what the command does instead of a run.
_OF_THE_COMMAND = {"dry_run", "debug"}


def train(
    model: str | None = None,
    data: str | Dataset | Any = None,
    verbose: int | str = "auto",
    **settings: Any,
) -> TrainedRun:
    """Trains a GAN in a run folder, with the settings of the command `ganzoo train`.

    The folder holds the options, the log, pictures, checkpoints and in the end the model. A run
    that was stopped continues with `ganzoo.train(resume=True, output=folder)`, to bit-identical
    results. The seed of the run also becomes the seed of Keras, NumPy and Python's `random`.

    Args:
        model: The recipe, a name of `ganzoo.recipes.names()`.
        data: A source as for `ganzoo.data.load`, a `ganzoo.data.Dataset`, or anything that
            `ganzoo.data.gather` reads into one, such as a `tf.data.Dataset`. By default the data of
            the recipe. A run on data of your own is resumed with the same ones, in the same order.
        verbose: `"auto"` shows the progress: on a terminal as one bar for the run, in a file as a
            line for each epoch. 0 shows nothing, 1 Keras's bar for each epoch, and 2 lines.
        **settings: All other flags of `ganzoo train` by their names: `output`, `epochs`, `steps`,
            `batch_size`, `regularizers` and so on; `ganzoo train --help` explains them. Values are
            numbers, Booleans, texts as on the command line, lists, and for `loss`, `regularizers`
            and `augment` also dictionaries such as `{"r1": {"gamma": 0.1}}`.

    Returns:
        A `ganzoo.runs.TrainedRun` with the `gan` and the `folder`.

    Raises:
        ValueError: Before training, if a setting is unknown, out of its range, or does not fit the
            recipe, the data or the folder.
        OSError: If the folder cannot be written.
        FloatingPointError: If the training run diverges.
        SystemExit: After SIGINT (Ctrl-C) or SIGTERM. The folder then holds the current model.

    Example:

    >>> run = ganzoo.train("dcgan_digits", steps=200, output="runs/digits")
    >>> images = run.gan.sample(16)
    """
    return plan(model, data, **settings).train(verbose)


def plan(model: str | None = None, data: str | Dataset | Any = None, **settings: Any) -> TrainPlan:
    """Checks the settings of a training run and builds its GAN, without training.

    It has the arguments and errors of `ganzoo.train`. `print(plan.describe())` shows the plan, and
    `plan.train()` trains.

    Example:

    >>> plan = ganzoo.runs.plan("dcgan_digits", steps=200, output="runs/digits")
    >>> plan.steps_to_do
    200
    """
    if refused := sorted(_OF_THE_COMMAND & settings.keys()):
        raise ValueError(
            "Some flags are for the command line only. `ganzoo.runs.plan` checks everything and "
            f"trains nothing. Received: {', '.join(refused)}"
        )
    source, dataset = data, None
    if data is not None and not isinstance(data, str):
        source, dataset = None if settings.get("resume") else GIVEN_IN_PYTHON, as_dataset(data)
    settings = {"model": model, "data": source, **settings}
    options = options_of(COMMAND, settings, "ganzoo.train")
    read_config(COMMAND, options)
    if dataset is not None and (of_source := sorted(options.given & DATA_FLAGS)):
        raise ValueError(
            "A `Dataset` is loaded already: these settings are for sources. "
            f"Received: {', '.join(of_source)} with data={dataset!r}"
        )
    COMMAND.check(options, [])
    return TrainPlan(options, dataset)
