"""The folder, the recipe and the settings of a training run: of a new one, or of one to resume."""

from pathlib import Path
from types import SimpleNamespace

from ganzoo import distribution, recipes
from ganzoo.distribution import hardware
from ganzoo.runs.recipe_flags import changed_recipe
from ganzoo.runs.run_folder import RunFolder, RunFolderError

# Flags that are not in the recipe. The run folder keeps their values.
_SETTINGS = (
    *("model", "split", "size", "channels", "on_bad", "max_pixels", "mirror", "test_split"),
    *("labels", "label_columns", "labels_as", "alpha", "crop", "dtype", "value_range"),
    *("seed", "precision", "accumulate", "remat", "init_from", "freeze_discriminator"),
    *("metrics", "every", "metric_samples", "extractor", "keep_best"),
)
# The ones among them that a resumed run may change.
_CHANGEABLE = (
    *("devices", "jit", "steps_per_execution", "sample_every", "checkpoint_every", "keep"),
    *("monitors", "log", "cache"),
)


def new_run(options):
    """Returns the folder, the recipe and the settings of a new run."""
    recipe = changed_recipe(recipes.get(options.model), options)
    name = options.model
    if recipe.data is None:
        raise ValueError(
            "This recipe is for any data, so --data must be given; `ganzoo list` lists the "
            f"sources. Received: --model={options.model}"
        )
    if options.data is not None:
        name += "-" + "".join(c if c.isalnum() else "_" for c in options.data).strip("_")
    folder = RunFolder(options.output or Path("runs", name))
    folder.check_apart(recipe.data)
    in_process_0(folder.check_new)
    names = (*_SETTINGS, *_CHANGEABLE)
    return folder, recipe, SimpleNamespace(**{name: getattr(options, name) for name in names})


def run_to_resume(options):
    """Returns the folder, the recipe and the settings of the run in the output folder."""
    folder = RunFolder(options.output)
    recipe, settings = folder.read_options()
    in_process_0(folder.check_writable)
    for name in (*_SETTINGS, *_CHANGEABLE):
        # Older versions of ganzoo did not write all of them.
        if name not in settings or (name in _CHANGEABLE and name in options.given):
            settings[name] = getattr(options, name)
    return folder, recipe, SimpleNamespace(**settings)


def set_threads(options, settings):
    """Lets a run have the number of threads that the flag says, or else that it began with."""
    wanted = options.threads or getattr(settings, "threads", None)
    try:
        if wanted is not None:
            distribution.set_threads(wanted)
    except (RuntimeError, ValueError) as error:
        # A checkpoint also knows the number, and the run will say that it is another one.
        if options.threads is not None:
            raise ValueError(str(error)) from error
    settings.threads = hardware.threads()


def in_process_0(work):
    """Works in process 0, and raises in all processes if it raises."""
    error = None
    if distribution.process_index() == 0:
        try:
            work()
        except Exception as found:  # The others would wait forever.
            error = found
    if any(distribution.gather(int(error is not None))):
        raise error or RunFolderError(
            "The folder of the run cannot be used; the error of process 0 says more."
        )
