"""`ganzoo publish`: from the folder of a run to a published model."""

from pathlib import Path
from types import SimpleNamespace

from ganzoo import extractors, hub, zoo
from ganzoo.cli import direction_flags
from ganzoo.presets import builtin, manifest
from ganzoo.runs.progress import Progress, working
from ganzoo.runs.recipe_flags import training_command
from ganzoo.runs.run_folder import RunFolder, check_same_data, load_model
from ganzoo.runs.sources import load_source, load_test_split
from ganzoo_cli.errors import expected

_ABOUT_DATA = {f"data_{name}": name for name in zoo.STATED}
_NO_EXTRACTOR = "none"
_FIND = "find"


def run(options, others):
    """Publishes a run, or writes the tables of published models."""
    if "table" in options.given:
        zoo.check_folder_of_all(options.table)
        return lambda: _write_table(Path(options.table), options.directions == _FIND)
    directions = _directions(options.directions or _FIND)
    if options.push:
        hub.Repository.parse(options.push)
        hub.check_installed()
    zoo.check_license(options.license)
    about_data = _about_data(options)
    if Path(others[0], manifest.METADATA).is_file():
        return _change(Path(others[0]), options, directions, about_data)
    # Errors of the folder come before minutes of measuring.
    output = Path(options.output or Path("models", Path(others[0]).resolve().name))
    zoo.check_folder(output, options.replace)
    training = read_training(others[0], options.hardware, options.checkpoint)
    extractor = load_extractor(options.extractor, training.recipe.data)

    def work():
        with expected():
            publish(
                training,
                output,
                extractor,
                options.n,
                replace=options.replace,
                license=options.license,
                directions=directions,
                about_data=about_data,
            )
            if options.push:
                _push(output, options)
        return 0

    return work


def _change(folder, options, directions, about_data):
    """Returns the work on a published model: its directions, words about its data, to push it."""
    # A push has a card of its own.
    license = None if options.push else options.license
    is_changed = bool(about_data or license) or options.directions is not None
    if not options.push and not is_changed:
        raise ValueError(
            "This is a published model, and no run: give --push=hf://user/name, --directions, "
            "--license, or words about its data such as --data_license. "
            f"Received: {folder}"
        )
    allowed = {"directions", "push", "license", "private", "debug", *_ABOUT_DATA}
    if more := sorted(options.given - allowed):
        raise ValueError(
            "A published model is not measured again: give --license, --directions, words about "
            "its data, or --push. "
            f"Received: {', '.join(f'--{name}' for name in more)}"
        )

    def work():
        with expected():
            if options.directions is not None:
                _store_directions(folder, directions)
            if is_changed:
                zoo.write_card(folder, about_data, license)
                print(f"{'card':<22}{folder / 'README.md'}")
                if (index := folder.resolve().parent / builtin.INDEX).is_file():
                    print(f"{'to update the index':<22}ganzoo publish --table={index.parent}")
            if options.push:
                _push(folder, options)
        return 0

    return work


def _about_data(options):
    """Returns what the flags say about the data, by the names of `ganzoo.zoo.publish`."""
    given = {name: getattr(options, flag) for flag, name in _ABOUT_DATA.items()}
    about_data = {name: words for name, words in given.items() if words is not None}
    zoo.check_stated(about_data)
    return about_data


def _directions(text):
    """Returns what `ganzoo.zoo.publish` takes as `directions`."""
    found = direction_flags.read(text, _FIND, direction_flags.NONE)
    return None if found == direction_flags.NONE else found


def _store_directions(folder, directions):
    """Stores the directions of a published model, and prints their names."""
    facts, _ = zoo.read_published(folder)
    with working(f"directions of {folder.name}"):
        classifier = extractors.get_for(facts["data"]["source"])
        found = zoo.store_directions(folder, directions, classifier)
    names = "none" if found is None else ", ".join(found.names)
    print(f"directions of {folder.name}: {names}", flush=True)


def _push(folder, options):
    address, sha256 = zoo.push(folder, options.push, options.license, options.private or None)
    print(f"pushed                {address}")
    print(f"sha256                {sha256} of its metadata.json")


def publish(training, output, extractor, n=None, **arguments):
    """Publishes a run, and prints the facts; `ganzoo.zoo.publish` describes the arguments."""
    with Progress() as progress:
        facts = zoo.publish(training, output, extractor, n, progress=progress, **arguments)
    weights = facts["weights"]
    size = weights["discriminator_bytes"]
    discriminator = "left out because of its size" if size is None else f"{size:,} bytes"
    print(f"model                 {facts['summary']}")
    print(f"generator             {weights['generator_bytes']:,} bytes in {weights['dtype']}")
    print(f"discriminator         {discriminator}")
    for name, result in facts["figures"]["samples"].items():
        real = facts["figures"]["real"].get(name)
        compared = "" if real is None else f" (real images: {real['value']:.4g})"
        print(f"{name:<22}{result['value']:.4g}{compared}")
    found = facts.get("directions", {"shown": [], "left_out": []})
    names = ", ".join(row["name"] for row in found["shown"])
    print(f"directions            {names or 'none'}")
    for what in found["left_out"]:
        print(f"left out              {what}")
    print(f"card                  {output / 'README.md'}")


def read_training(path, hardware=None, checkpoint=None):
    """Returns the `ganzoo.zoo.Training` of a run that has ended.

    Args:
        path: The folder of the run.
        hardware: The machine that trained it, in words; by default as the run has recorded it.
        checkpoint: As for `ganzoo.runs.load_model`. The log then ends at its step.

    Raises:
        ValueError: If there is no such run, or its data have changed.
        FileNotFoundError: If the run has left no model.
    """
    folder = RunFolder(path)
    recipe, settings = folder.read_options()
    log = folder.read_log()
    if not log:
        raise ValueError(
            "A run can be published after its first epoch: continue it with `ganzoo train --resume "
            f"--output={path}`. Received: {path}, which has no epoch in its log"
        )
    gan = load_model(folder.path, checkpoint)
    settings = SimpleNamespace(**{"on_bad": None, "hardware": None, **settings})
    data = load_source(recipe.data, settings)
    check_same_data(settings, data)
    return zoo.Training(
        gan=gan,
        recipe=recipe,
        data=data,
        test=load_test_split(recipe.data, data.split, settings),
        log=[row for row in log if checkpoint is None or int(row["step"]) <= gan.step],
        command=training_command(zoo.without_paths(recipe), settings),
        seed=settings.seed,
        precision=settings.precision,
        version=settings.ganzoo,
        hardware=hardware or settings.hardware,
    )


def load_extractor(name, source):
    """Returns the extractor of a name; by default ganzoo's own for the source, or `None`."""
    if name == _NO_EXTRACTOR:
        return None
    return extractors.get_for(source) if name is None else extractors.get(name)


def _write_table(folder, find_directions):
    if find_directions:
        for model in sorted(zoo.read_all(folder)):
            if not (model / manifest.DIRECTIONS).is_file():
                _store_directions(model, _FIND)
    written = zoo.write(folder)
    print("\n".join(f"written     {path}" for path in written) or "Everything is up to date.")
    return 0
