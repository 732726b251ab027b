"""The card of a model: the text of its README.md, from its recipe and its metrics.json."""

from pathlib import Path

from ganzoo.files import user_path
from ganzoo.markdown import table
from ganzoo.metrics import Result
from ganzoo.presets import builtin
from ganzoo.recipes import Recipe
from ganzoo.zoo import comparison, directions, pictures, recipe_diff
from ganzoo.zoo.data_facts import facts_of
from ganzoo.zoo.front_matter import front_matter
from ganzoo.zoo.overview import is_classifier, pixel_format, pixels, size_and_colors

# With fewer real images, values vary by more than models differ.
_FEW_IMAGES = 5000


# Architectures whose names say too little, or too much.
_ARCHITECTURES = {
    "infogan": "InfoGAN architecture (no mutual-information term)",
    "resnet": "ResNet",
    "stylegan2": "StyleGAN2",
}


def summary(facts: dict, recipe: Recipe) -> str:
    """Returns one line that says what a model is."""
    architecture = recipe.architecture.removeprefix("semi_supervised_")
    architecture = _ARCHITECTURES.get(architecture, architecture.upper())
    kind = f"{architecture}, {recipe.loss.replace('_', '-')} loss"
    classes = facts["network"]["num_classes"]
    of_classes = ""
    if classes:
        of_classes = f", {classes} classes to choose from" if classes > 1 else ", one class"
    title = facts_of(facts["data"]).title
    if is_classifier(facts):
        kind = f"classifier of {len(facts['data']['class_names'])} classes from few labels, {kind}"
    return f"{title}, {size_and_colors(facts)}: {kind}{of_classes}"


def text(
    facts: dict,
    recipe: Recipe,
    folder: Path | str,
    models: dict[Path, dict],
    location: str | None = None,
) -> str:
    """Returns the card, in Markdown.

    Args:
        facts: Content of `metrics.json`.
        recipe: The `ganzoo.recipes.Recipe` of the training run.
        folder: Path of the model's folder.
        models: Dictionary from the folders of published models to their facts; the models of the
            same data are compared.
        location: What readers pass to `from_preset`; by default as `location_of` says.
    """
    location = location or location_of(folder)
    sections = (
        front_matter(facts, recipe),
        f"# {facts['name']}\n\n{facts['summary']}.",
        *_first_sections(facts, location),
        _what_it_is(facts, recipe),
        f"## Between two samples\n\nEach row leads from one latent vector to another.\n\n"
        f"![Interpolation]({pictures.INTERPOLATION})",
        directions.section(facts, location),
        _copies(facts),
        _metrics(facts),
        comparison.section(facts, folder, models),
        _training(facts, recipe),
        _data(facts),
        _limits(facts),
    )
    return "\n\n".join(section for section in sections if section) + "\n"


def _first_sections(facts, name):
    """Returns what a reader looks for first: the samples of a generator, a classifier's error."""
    samples = f"![Samples]({pictures.SAMPLES})"
    if not is_classifier(facts):
        return samples, _use(facts, name)
    return (
        _error(facts),
        _use_of_classifier(facts, name),
        "## Its samples\n\nThe generator is there to train the classifier. Its samples are not "
        f"the purpose of this model.\n\n{samples}",
    )


def _error(facts):
    results = comparison.results_of(facts)
    if "test_error" not in results:
        return ""
    return comparison.semi_supervised(results["test_error"], facts)


def _use(facts, name):
    classes = facts["network"]["num_classes"]
    vectors = facts["data"].get("condition_dim") if not classes else None
    labels = ", labels=3" if classes and classes > 3 else ", labels=0" if classes else ""
    if vectors:
        labels = f", conditions=[0.0] * {vectors}"
    shape = ", ".join(map(str, facts["data"]["shape"]))
    first = "images[0]"
    if not pixel_format(facts).is_eight_bits:
        first = f"gan.pixels.in_eight_bits({first})"
    lines = [
        "## Use",
        "",
        "```python",
        "import ganzoo",
        "from PIL import Image",
        "",
        f'gan = ganzoo.GAN.from_preset("{name}")',
        f"images = gan.sample(16, seed=0{labels})  # {pixels(facts)}, (16, {shape})",
        f'Image.fromarray({first}.squeeze()).save("sample.png")',
        "```",
        "",
        "```",
        *([] if vectors else [f"ganzoo sample {name} --n=64 --output=grid.png"]),
    ]
    if classes:
        lines.append(f"ganzoo sample {name} --n=16 --labels={classes - 1} --folder=one_class")
    lines.append(f"ganzoo export {name} --output=saved_models/{facts['name']}")
    return "\n".join([*lines, "```"])


def _use_of_classifier(facts, name):
    shape = ", ".join(map(str, facts["data"]["shape"]))
    return f"""\
## Use

```python
import ganzoo

classifier = ganzoo.GAN.from_preset("{name}")
images = classifier.sample(16, seed=0)  # or your own images: {pixels(facts)}, (n, {shape})
classes = classifier.classify(images)  # int32, (n,)
```

```
ganzoo evaluate {name}
ganzoo export {name} --output=saved_models/{facts["name"]}
```"""


def location_of(folder: Path | str) -> str:
    """Returns the argument of `from_preset`: a name of the zoo, or a path to be replaced."""
    folder = user_path(folder).resolve()
    homes = {path.resolve().parent for path in builtin.local_folders().values()}
    return folder.name if folder.parent in homes else "path/to/this/folder"


def _what_it_is(facts, recipe):
    network, weights = facts["network"], facts["weights"]
    storage = "not in the preset: a loaded model has new weights here"
    if weights["discriminator_bytes"] is not None:
        storage = f"in the preset, {_megabytes(weights['discriminator_bytes'])}"
    classes = "none"
    if names := facts["data"].get("condition_names"):
        classes = f"none; vectors of {len(names)} conditions: {', '.join(names)}"
    elif size := facts["data"].get("condition_dim"):
        classes = f"none; vectors of {size} conditions"
    if network["num_classes"]:
        classes = f"{network['num_classes']}: {', '.join(facts['data']['class_names'])}"
    elif is_classifier(facts):
        classes = f"samples have none; it classifies {', '.join(facts['data']['class_names'])}"
    average = "none: the weights as trained"
    if recipe.ema_decay is not None or recipe.ema_half_life is not None:
        average = f"of the weights, with a {recipe.average}"
    updates = ""
    if recipe.discriminator_steps > 1:
        updates = f" in each of {recipe.discriminator_steps} updates of the discriminator"
    rates = (recipe.g_optimizer.learning_rate, recipe.d_optimizer.learning_rate)
    rates = [rate if isinstance(rate, str) else f"{rate:g}" for rate in rates]
    of_pixels = "" if pixel_format(facts).is_eight_bits else f", {pixels(facts)}"
    steps = facts["training"]["steps"]
    seen = steps * recipe.batch_size * recipe.discriminator_steps
    rows = {
        "recipe": recipe.source,
        **recipe_diff.rows(recipe),
        "architecture": f"`{recipe.architecture}`",
        "images": f"{' x '.join(map(str, facts['data']['shape']))}{of_pixels}",
        "latents": f"{network['latent_dim']}, {network['latent']}",
        "classes": classes,
        "generator": f"{network['generator_parameters']:,} parameters, "
        f"{_megabytes(weights['generator_bytes'])} in {weights['dtype']}",
        "discriminator": f"{network['discriminator_parameters']:,} parameters, {storage}",
        "width": recipe.width or "the architecture's own",
        "average": average,
        "batch": f"{recipe.batch_size} images{updates}",
        "steps": f"{steps:,}, {seen / facts['data']['count']:.3g} epochs",
        "license of the weights": weights.get("license") or "not stated",
        "learning rates": "{} of the generator, {} of the discriminator".format(*rates),
    }
    precision = {
        "float16": "In float16, samples are within one gray level of the samples of the trained "
        "weights (16 samples compared).",
        "float32": "The weights are in float32, because samples would change by more than one gray "
        "level in float16.",
    }[weights["dtype"]]
    return f"## What it is\n\n{table(('', ''), rows.items())}\n\n{precision}"


def _copies(facts):
    nearest = facts["figures"]["nearest"]
    if nearest["real_are_training"]:
        real = (
            f"{_drawn(nearest)} training images, each compared with the others, because there are "
            "no test images"
        )
    else:
        real = f"{_drawn(nearest)} test images, which the model has not seen"
    rows = []
    for space, found in nearest["spaces"].items():
        unit = "gray levels, root mean square" if space == "pixels" else f"features of {space}"
        for who, name in (("samples", "samples"), ("real", "real images")):
            values = (found[who][key] for key in ("median", "nearest_hundredth", "least"))
            rows.append((unit, name, *(f"{value:.3g}" for value in values)))
    header = ("distance in", "of", "median", "1st percentile", "smallest")
    return (
        "## Does it copy?\n\n"
        f"The distance to the nearest of the {nearest['training']:,} training images, for "
        f"{nearest['samples']:,} samples and for {real}. If a model copies, its samples are much "
        "nearer than real images.\n\n"
        f"{table(header, rows)}\n\n{_conclusion(nearest)}\n\n"
        f"![Nearest training images]({pictures.NEIGHBORS})\n\n"
        "Each image, and to the right of it the training images nearest to it"
        f"{', by pixels and by features' if len(nearest['spaces']) > 1 else ', by pixels'}. The "
        "panels show the first samples; the samples nearest to a training image, relative to the "
        "distance from that training image to the next one; and real images chosen by the same "
        "rule."
    )


def _drawn(nearest):
    """Returns how many real images the samples are compared with, and how they were chosen."""
    if nearest["real"] == nearest["real_of"]:
        return f"the {nearest['real']:,}"
    return f"{nearest['real']:,} random ones of the {nearest['real_of']:,}"


def _conclusion(nearest):
    ratios = [
        f"{found['samples']['median'] / found['real']['median']:.2f} in {space}"
        for space, found in nearest["spaces"].items()
        if found["real"]["median"] > 0  # It is 0 where most images occur twice.
    ]
    words = []
    if ratios:
        words.append(
            "The median distance of samples, divided by the one of real images, is "
            f"{' and '.join(ratios)}."
        )
    height, width = nearest["size"]
    copied = nearest["spaces"]["pixels"]["samples"]["least"] == 0
    words.append(
        f"{'At least one' if copied else 'None'} of the {nearest['samples']:,} samples compared is "
        f"identical to a training image, at {height} x {width} pixels."
    )
    return " ".join(words)


def _metrics(facts):
    samples, real = (
        {name: Result.from_dict(result) for name, result in results.items()}
        for results in (facts["figures"]["samples"], facts["figures"]["real"])
    )
    rows = []
    for name, result in samples.items():
        if name in ("conditional_accuracy", "test_error"):
            continue  # They have their own sentences.
        spread = "" if result.spread is None else f" ± {result.spread:.2g}"
        of_real = f"{real[name].value:.4g}" if name in real else ""
        rows.append((result.name, f"{result.value:.4g}{spread}", of_real, str(result.protocol)))
    header = ("metric", "samples", "real images", "protocol")
    shown = {name: result for name, result in real.items() if name != "conditional_accuracy"}
    parts = ["## Metrics", table(header, rows) if rows else "", _explanation(samples, shown)]
    if "conditional_accuracy" in samples:
        drawn, found = (r["conditional_accuracy"].value for r in (samples, real))
        kind = "training" if facts["figures"]["nearest"]["real_are_training"] else "test"
        ratio = f": a ratio of {drawn / found:.4f}" if found else ""
        parts.append(
            f"The classifier recognizes the requested class in {drawn:.2%} of the samples, and the "
            f"right class in {found:.2%} of the {kind} images{ratio}."
        )
    return "\n\n".join(part for part in parts if part)


def _explanation(samples, real):
    extractors = {result.protocol.extractor for result in samples.values()} - {None}
    real_images = ""
    if real and samples:
        count, wanted = (next(iter(r.values())).protocol.samples for r in (real, samples))
        fewer = "training images" if count == wanted else f"{count:,} training images"
        real_images = f"The real images are {fewer}, measured in the same way as the samples. "
    if not extractors - {"pixels"}:
        return (
            f"{real_images}No extractor for such images was given, so there is no FID. These "
            "metrics show how much samples differ from each other, and how much the real images "
            "do. They do not show how good samples look."
        )
    name = ", ".join(sorted(extractors - {"pixels"}))
    if "inception" in name:
        return (
            f"{real_images}The extractor is {name}: the values can be compared with published ones "
            "for the same number of samples and the same real images."
        )
    return (
        f"{real_images}The extractor is ganzoo's own `{name}`. The values can be compared only "
        "with values of the same extractor, number of samples and real images: not with a "
        "published FID, which comes from an Inception network."
    )


def _training(facts, recipe):
    training = facts["training"]
    steps = f"{training['steps']:,} steps"
    if training["steps"] < recipe.steps:
        steps += f" of {recipe.steps:,} planned steps"
    hardware = "" if training["hardware"] is None else f" on {training['hardware']}"
    return (
        f"## Training\n\n```\n{training['command']}\n```\n\n"
        f"{steps} with {recipe.batch_size * recipe.discriminator_steps} real images each, seed "
        f"{training['seed']}, {training['precision']}: {duration(training['seconds'])}"
        f"{hardware}. ganzoo {training['ganzoo']}.\n\n"
        f"![Curves]({pictures.CURVES})\n\n"
        "Means over an epoch. `d_real` and `d_fake` are the discriminator's logits of real images "
        "and of samples."
    )


def _data(facts):
    data = facts["data"]
    known = facts_of(data)
    split = f", {data['split']} split" if data["split"] else ""
    title = known.title[0].upper() + known.title[1:]
    return (
        f"## Data\n\n{title}{split}: {data['count']:,} images. License of the data: "
        f"{known.license}. Origin: {known.origin}."
    )


def _limits(facts):
    data, results = facts["data"], facts["figures"]
    size = " x ".join(map(str, data["shape"][:2]))
    limits = [
        f"It generates {size} images like the images of its data, and nothing else.",
        "The samples above are not selected: they come from the first seeds.",
    ]
    if "recall" in results["samples"]:
        limits.append(_recall(results))
    compared = [result["protocol"]["reference_samples"] for result in results["samples"].values()]
    fewest = min((count for count in compared if count), default=None)
    if fewest is not None and fewest < _FEW_IMAGES:
        limits.append(
            f"The samples are compared with only {fewest:,} real images, so the values are rough."
        )
    if facts["training"]["seed"] is not None:
        limits.append("It comes from one training run with one seed. No other run was measured.")
    return "## Limits\n\n" + "\n".join(f"- {limit}" for limit in limits)


def _recall(results):
    """Returns the sentence about how much of the variety of the data the samples have."""
    recall = results["samples"]["recall"]["value"]
    words = f"Recall is {recall:.2f}"
    if "recall" not in results["real"]:
        return f"{words}: this share of the real images lies among the samples."
    real = results["real"]["recall"]
    ours, theirs = (r["protocol"]["samples"] for r in (results["samples"]["recall"], real))
    count = "as many" if ours == theirs else f"{theirs:,}"
    words += f", and {real['value']:.2f} for {count} training images"
    return f"{words}: the model misses some variety." if recall < real["value"] else f"{words}."


def duration(seconds: float) -> str:
    """Returns a time in words.

    Example:

    >>> duration(4000)
    '1 h 7 min'
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _megabytes(count):
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.0f} kB"
