"""`ganzoo evaluate`: figures of a model's samples, or of a folder of them, against real images."""

from pathlib import Path
from types import SimpleNamespace

from ganzoo.cli.command import Command
from ganzoo.cli.data import add_flags as add_data_flags
from ganzoo.version import __version__


def run(options, others):
    _check(options, others)
    evaluation, gan, sample, subject = _prepare(options, others)
    from ganzoo.cli.progress import Progress
    from ganzoo.zoo.measure import error_of, tells_error

    with Progress() as progress:
        results = evaluation.measure(sample, options.seed, progress)
    if tells_error(gan, evaluation.data):
        results["test_error"] = error_of(gan, evaluation.data)
    print(_table(subject, list(results.values())))
    if options.output:
        _write(options.output, subject, results)
        print(f"\nfile        {options.output}")


def _check(options, others):
    """Raises on what is wrong whatever the model and the data are."""
    if len(others) + bool(options.samples) != 1:
        given = [*others, *([f"--samples={options.samples}"] if options.samples else [])]
        raise ValueError(
            "Expected one model, a preset, a `.keras` file or a run folder; or --samples=SOURCE. "
            f"Received: {' '.join(given) or 'none'}"
        )
    if options.output and Path(options.output).is_dir():
        raise ValueError(f"--output is a file. Received: {options.output}, which is a folder")
    if options.samples and options.data is None:
        raise ValueError(
            "Of --samples, --data must be given; `ganzoo list` lists what it can be. Received: none"
        )
    if options.samples and "seed" in options.given:
        raise ValueError(
            "--seed is for the samples of a model. "
            f"Received: --samples={options.samples} --seed={options.seed}"
        )


def _prepare(options, others):
    """Returns the evaluation, the model if any, what makes or is the samples, and its name."""
    from ganzoo.cli.data import load_source
    from ganzoo.cli.run_folder import data_of, load_model
    from ganzoo.metrics import Evaluation, check_metrics

    names = options.metrics.split(",")
    # What is unknown is refused before the model and the data are loaded.
    check_metrics(names)
    if options.samples:
        extractor = _extractor(options.extractor, options.data)
        source = {**vars(options), "split": "train"}
        samples = load_source(options.samples, SimpleNamespace(**source))
        data = load_source(options.data, options)
        n = options.n or len(samples)
        return Evaluation(names, data, extractor, n), None, samples, samples.name
    trained_on = data_of(others[0]) if options.data is None else None
    extractor = _extractor(options.extractor, trained_on["data"] if trained_on else options.data)
    gan = load_model(others[0])
    if trained_on is None and options.data is None:
        raise ValueError(
            f"{others[0]} does not say where its data are: --data must be given; "
            "`ganzoo list` lists what it can be. Received: none"
        )
    like = _like(options, gan)
    data = _unseen(trained_on, like) if trained_on else load_source(options.data, like)
    return Evaluation(names, data, extractor, options.n), gan, gan.sample, others[0]


def _extractor(name, source):
    """Returns the extractor of this name, by default ganzoo's own of the data, if there is one."""
    from ganzoo import extractors

    return extractors.get_for(source) if name is None else extractors.get(name)


def _like(options, gan):
    """Returns the flags with the size and the channels of a model's images where none are given."""
    if len(gan.example_shape) != 3:
        return options
    height, width, channels = gan.example_shape
    like = {"channels": options.channels or channels}
    if height == width:
        like["size"] = options.size or height
    return SimpleNamespace(**{**vars(options), **like})


def _unseen(trained_on, options):
    """Returns the test images of what a model was trained on, or where there are none, all."""
    from ganzoo.cli.data import load_source, load_test_split

    source, split = trained_on["data"], trained_on["split"]
    options = SimpleNamespace(**{**vars(options), "on_bad": options.on_bad or trained_on["on_bad"]})
    if "split" in options.given:
        return load_source(source, options)
    data = load_test_split(source, split, options)
    if data is None:
        data = load_source(source, SimpleNamespace(**{**vars(options), "split": split}))
    return data


def _table(subject, results):
    """Returns the figures, each with what it was measured by, as lines of text."""
    protocol = results[0].protocol
    samples = f"{protocol.samples:,} of {subject}"
    if protocol.seed is not None:
        samples += f", from seed {protocol.seed}"
    lines = [f"samples     {samples}"]
    protocols = [result.protocol for result in results]
    # All figures that compare, compare with the same images, and by the same extractor.
    for found in [one for one in protocols if one.reference is not None][:1]:
        lines.append(f"real        {found.reference_samples:,} of {found.reference}")
    for found in [one for one in protocols if one.extractor is not None][:1]:
        facts = [found.extractor, f"sha256 {found.extractor_sha256[:12]}", found.resize]
        lines.append(f"extractor   {', '.join(filter(None, facts))}")
    lines.append("")
    for result in results:
        value = f"{result.value:.4g}"
        spread = "" if result.spread is None else f"± {result.spread:.2g}"
        settings = ", ".join(f"{name} {value}" for name, value in result.protocol.settings)
        lines.append(f"{result.name:<20}{value:>10}  {spread:<12}{settings}".rstrip())
    return "\n".join(lines)


def _write(path, subject, results):
    import json

    from ganzoo.files import new_file

    content = {
        "ganzoo": __version__,
        "samples": subject,
        "results": {name: result.to_dict() for name, result in results.items()},
    }
    with new_file(path, replace=True) as partial:
        partial.write_text(json.dumps(content, indent=2) + "\n")


COMMAND = Command(
    "evaluate",
    "Measure a model's samples against real images.",
    "MODEL [--data=SOURCE] [flags]\n--samples=SOURCE --data=SOURCE [flags]",
    run,
    description="""MODEL is a preset, a `.keras` file, or the folder of a run; or --samples is a
        folder of images. A published model and a run are measured against the test images of what
        they were trained on, unless --data says otherwise. Of a semi-supervised model it gives the
        error rate too. Figures are comparable only where extractor, number of samples, real images
        and settings agree: the file of --output holds them all.""",
    examples=(
        "ganzoo evaluate dcgan_digits",
        "ganzoo evaluate runs/sngan-digits --metrics=fid,kid,precision_recall --n=10000",
        "ganzoo evaluate model.keras --data=tfds:cifar10 --extractor=inception --metrics=fid,is "
        "--n=50000",
        "ganzoo evaluate --samples=folder:generated --data=folder:photos --size=64 "
        "--extractor=inception",
        "ganzoo evaluate runs/mlp-toy_ring --data=toy:ring --metrics=mixture_coverage --n=2500",
    ),
)
COMMAND.group("What to measure")
COMMAND.text(
    "metrics",
    "NAMES",
    """Metrics between commas: fid, kid, is, precision_recall, pairwise_distance, ms_ssim; of
    stacked digits mode_coverage, of toy data mixture_coverage.""",
    default="fid",
)
COMMAND.text(
    "extractor",
    "NAME",
    """Network whose features of images are compared: digits, mnist, fashion_mnist, cifar10 or
    inception. By default ganzoo's own of the data, if there is one. Figures of different ones
    cannot be compared.""",
)
COMMAND.positive_integer(
    "n", "Number of samples. By default as many as real images; with --samples, all of them."
)
COMMAND.integer("seed", "Seed of the first sample.", default=0)
COMMAND.text("samples", "SOURCE", "Samples in place of a model's, e.g. folder:PATH.")
COMMAND.group("Real images, by default of the model's size and channels")
COMMAND.text(
    "data",
    "SOURCE",
    """The data; `ganzoo list` lists the kinds of sources. By default those that the model was
    trained on: their test split, or where there is none, what it was trained on.""",
)
add_data_flags(COMMAND)
COMMAND.group("Files")
COMMAND.text("output", "FILE", "JSON file of the figures with their protocols. By default none.")
COMMAND.group("Other")
COMMAND.switch("debug", "Show where an error comes from.")
