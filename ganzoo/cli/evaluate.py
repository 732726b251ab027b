"""`ganzoo evaluate`: metrics of a model's samples, or of a folder of them, on real images."""

import json

from ganzoo import extractors
from ganzoo.file_names import check_output_file
from ganzoo.files import new_file
from ganzoo.metrics import Evaluation, check_metrics
from ganzoo.runs.progress import Progress
from ganzoo.runs.run_folder import data_of, load_model
from ganzoo.runs.sources import load_source, load_test_split, with_changes
from ganzoo.version import __version__
from ganzoo.zoo.measure import error_of, tells_error
from ganzoo_cli.errors import Failure
from ganzoo_cli.shared_flags import CONTENT_FLAGS

# Flags that are for the data, and not for a folder of samples.
_OF_DATA = dict.fromkeys(("labels", "label_columns", "labels_as"))


def run(options, others):
    """Measures the samples of a model or a folder, and prints the values."""
    if options.output:
        check_output_file("--output", options.output, (".json",))
    evaluation, gan, samples, subject = _prepare(options, others)
    with Progress() as progress:
        results = evaluation.measure(samples, options.seed, progress)
    if tells_error(gan, evaluation.data):
        results["test_error"] = error_of(gan, evaluation.data)
    if not results:
        raise Failure(
            "None of the values is finite: other samples, or more of them, may have finite ones. "
            f"Received: --metrics={options.metrics} for {subject}"
        )
    print(_table(subject, list(results.values())))
    if options.output:
        _write(options.output, subject, results)
        print(f"\nfile        {options.output}")


def _prepare(options, others):
    """Returns the evaluation, the model or `None`, the samples or their source, and its name."""
    names = options.metrics.split(",")
    # Unknown metrics are refused before the model and the data are loaded.
    check_metrics(names)
    if options.samples:
        extractor = _extractor(options.extractor, options.data)
        # An extractor that resizes takes images of any sizes.
        keep_sizes = getattr(extractor, "resize", None) is not None
        samples = load_source(options.samples, options, keep_sizes, split="train", **_OF_DATA)
        data = load_source(options.data, options, keep_sizes)
        n = options.n or len(samples)
        return Evaluation(names, data, extractor, n), None, samples, samples.name
    model = others[0]
    trained_on = data_of(model) if options.data is None else None
    extractor = _extractor(options.extractor, trained_on["data"] if trained_on else options.data)
    gan = load_model(model, options.checkpoint)
    if trained_on is None and options.data is None:
        raise ValueError(
            f"{model} does not say where its data are: --data must be given; `ganzoo list` lists "
            "the sources. Received: none"
        )
    fitting = _fitting(options, gan)
    data = _unseen(trained_on, fitting) if trained_on else load_source(options.data, fitting)
    return Evaluation(names, data, extractor, options.n), gan, gan.sampler_for(data), model


def _extractor(name, source):
    """Returns the extractor of a name; by default ganzoo's own for the source, or `None`."""
    return extractors.get_for(source) if name is None else extractors.get(name)


def _fitting(options, gan):
    """Returns the options with the size and the channels of a model's images as defaults."""
    if len(gan.example_shape) != 3:
        return options
    height, width, channels = gan.example_shape
    size = height if height == width else f"{height}x{width}"
    return with_changes(options, channels=options.channels or channels, size=options.size or size)


def _unseen(trained_on, options):
    """Returns the test images of a model's training data, or, if there are none, all of it."""
    source, split = trained_on["data"], trained_on["split"]
    names = ("on_bad", "max_pixels", *CONTENT_FLAGS)
    changes = {name: getattr(options, name) or trained_on[name] for name in names}
    options = with_changes(options, **changes)
    if "split" in options.given:
        return load_source(source, options)
    data = load_test_split(source, split, options)
    return load_source(source, options, split=split) if data is None else data


def _table(subject, results):
    """Returns the values with their protocols as lines of text."""
    protocol = results[0].protocol
    samples = f"{protocol.samples:,} of {subject}"
    if protocol.seed is not None:
        samples += f", from seed {protocol.seed}"
    if protocol.order_seed is not None:
        samples += f", in an order of seed {protocol.order_seed}"
    lines = [f"samples     {samples}"]
    protocols = [result.protocol for result in results]
    # All metrics share the real images and the extractor, if they use them.
    for found in [one for one in protocols if one.reference is not None][:1]:
        lines.append(f"real        {found.reference_samples:,} of {found.reference}")
    for found in [one for one in protocols if one.extractor is not None][:1]:
        resize = " from ".join(filter(None, (found.resize, found.sizes)))
        facts = [found.extractor, f"sha256 {found.extractor_sha256[:12]}", resize]
        lines.append(f"extractor   {', '.join(filter(None, facts))}")
    lines.append("")
    for result in results:
        value = f"{result.value:.4g}"
        spread = "" if result.spread is None else f"± {result.spread:.2g}"
        settings = ", ".join(f"{name} {value}" for name, value in result.protocol.settings)
        lines.append(f"{result.name:<20}{value:>10}  {spread:<12}{settings}".rstrip())
    return "\n".join(lines)


def _write(path, subject, results):
    content = {
        "ganzoo": __version__,
        "samples": subject,
        "results": {name: result.to_dict() for name, result in results.items()},
    }
    with new_file(path, replace=True) as partial:
        partial.write_text(json.dumps(content, indent=2) + "\n")
