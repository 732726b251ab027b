"""`ganzoo publish`: from the folder of a run to a published model."""

from types import SimpleNamespace

from ganzoo.cli.command import Command
from ganzoo.cli.errors import expected

_NO_EXTRACTOR = "none"


def run(options, others):
    from pathlib import Path

    from ganzoo import zoo

    if "table" in options.given:
        more = [*others, *(f"--{name}" for name in sorted(options.given - {"table", "debug"}))]
        if more or not options.table:
            raise ValueError(
                "--table takes the folder of all models, and nothing else. "
                f"Received: --table={options.table} {' '.join(more)}"
            )
        zoo.check_folder_of_all(options.table)
        return lambda: _write_table(Path(options.table))
    if len(others) != 1:
        raise ValueError(f"Expected the folder of one run. Received: {' '.join(others) or 'none'}")
    # What is wrong with the folder is seen before minutes of measuring.
    output = Path(options.output or Path("models", Path(others[0]).resolve().name))
    zoo.check_folder(output, options.replace)
    training = read_training(others[0], options.hardware)
    extractor = load_extractor(options.extractor, training.recipe.data)

    def work():
        with expected():
            publish(training, output, extractor, options.n, replace=options.replace)
        return 0

    return work


def publish(training, output, extractor, n=None, name=None, replace=False):
    """Publishes a training, and says what came of it."""
    from ganzoo import zoo
    from ganzoo.cli.progress import Progress

    with Progress() as progress:
        facts = zoo.publish(training, output, extractor, n, name, replace, progress)
    weights = facts["weights"]
    judge = weights["discriminator_bytes"]
    print(f"model                 {facts['summary']}")
    print(f"generator             {weights['generator_bytes']:,} bytes in {weights['dtype']}")
    print(
        f"discriminator         {'left out, for its size' if judge is None else f'{judge:,} bytes'}"
    )
    for name, result in facts["figures"]["samples"].items():
        real = facts["figures"]["real"].get(name)
        beside = "" if real is None else f" (real images: {real['value']:.4g})"
        print(f"{name:<22}{result['value']:.4g}{beside}")
    print(f"card                  {output / 'README.md'}")


def read_training(path, hardware=None):
    """Returns the `ganzoo.zoo.Training` of a run that has ended.

    Raises:
        ValueError: If there is no such run, or its data have changed.
        FileNotFoundError: If the run has left no model.
    """
    from ganzoo.cli.data import load_source, load_test_split
    from ganzoo.cli.run_folder import RunFolder, load_model
    from ganzoo.cli.train_plan import check_same_data
    from ganzoo.zoo import Training, without_paths

    folder = RunFolder(path)
    recipe, settings = folder.read_options()
    log = folder.read_log()
    if not log:
        raise ValueError(
            "A run is published after an epoch at least: go on with `ganzoo train --resume "
            f"--output={path}`. Received: {path}, which has none in its log"
        )
    gan = load_model(folder.path)
    settings = SimpleNamespace(**{"on_bad": None, "hardware": None, **settings})
    data = load_source(recipe.data, settings)
    check_same_data(settings, data)
    return Training(
        gan=gan,
        recipe=recipe,
        data=data,
        test=load_test_split(recipe.data, data.split, settings),
        log=log,
        command=training_command(without_paths(recipe), settings),
        seed=settings.seed,
        precision=settings.precision,
        version=settings.ganzoo,
        hardware=hardware or settings.hardware,
    )


def load_extractor(name, source):
    """Returns the extractor of this name, by default ganzoo's own of the data, or `None`."""
    from ganzoo import extractors

    if name == _NO_EXTRACTOR:
        return None
    return extractors.get_for(source) if name is None else extractors.get(name)


def training_command(recipe, settings):
    """Returns the command line of `ganzoo train` that repeats a run.

    Args:
        recipe: Its `ganzoo.recipes.Recipe`.
        settings: The other options of its folder, as attributes.
    """
    import shlex

    from ganzoo import recipes
    from ganzoo.cli import regularizers

    paper = recipes.get(settings.model)
    flags = {"model": settings.model}
    fields = ("data", "loss", "batch_size", "width", "latent_dim", "ema_decay", "normalization")
    for name in (*fields, "packing", "labels_per_class", "steps"):
        if getattr(recipe, name) != getattr(paper, name):
            flags[name] = getattr(recipe, name)
    if recipe.augment != paper.augment:
        flags["augment"] = recipe.augment or "none"
    if recipe.regularizers != paper.regularizers:
        flags["regularizers"] = regularizers.format_all(recipe.regularizers)
    for player, flag in (("g_optimizer", "generator_rate"), ("d_optimizer", "discriminator_rate")):
        rate = getattr(recipe, player).learning_rate
        if rate != getattr(paper, player).learning_rate:
            flags[flag] = rate
    usual = {"split": "train", "seed": 0, "precision": "float32"}
    for name in ("split", "size", "channels", "on_bad", "test_split", "seed", "precision"):
        value = getattr(settings, name)
        if value != usual.get(name):
            flags[name] = value
    parts = [f"--{name}={value}" for name, value in flags.items()]
    if recipe.conditional and not paper.conditional:
        parts.append("--conditional")
    return shlex.join(["ganzoo", "train", *parts])


def _write_table(folder):
    from ganzoo import zoo

    written = zoo.write(folder)
    print("\n".join(f"written     {path}" for path in written) or "All is as it should be.")
    return 0


COMMAND = Command(
    "publish",
    "Make a published model of a run: weights, figures, pictures, and its card.",
    "RUN [flags]\n--table=FOLDER",
    run,
    description="""RUN is the folder of a run that has ended. The model's folder is a preset, which
        `ganzoo.GAN.from_preset` takes. It holds the weights that sample, in float16 where samples
        stay within one gray level; the figures with their protocols; and the card with its
        pictures, all of whose facts are measured or read from the run. The data of the run must be
        there.""",
    examples=(
        "ganzoo publish runs/dcgan_mnist",
        "ganzoo publish runs/sngan-folder_photos --output=models/photos --extractor=inception",
        "ganzoo publish --table=models",
    ),
)
COMMAND.group("What to measure")
COMMAND.text(
    "extractor",
    "NAME",
    """Network whose features are compared, or none. By default ganzoo's own of the data, if there
    is one.""",
)
COMMAND.positive_integer("n", "Number of samples. By default as many as real images.")
COMMAND.text(
    "hardware",
    "WORDS",
    "What the run was trained on, for the card. By default what the run has noted.",
)
COMMAND.group("Files")
COMMAND.text(
    "output", "FOLDER", "The model's folder, whose name is its own. By default models/RUN."
)
COMMAND.switch("replace", "Replace the preset that is in the folder.")
COMMAND.text(
    "table",
    "FOLDER",
    """Instead: write the page README.md of all models in a folder, and the comparisons on their
    cards.""",
)
COMMAND.group("Other")
COMMAND.switch("debug", "Show where an error comes from.")
