"""`ganzoo data`: what a data source holds, and packing it into one file."""

import numpy as np

from ganzoo import data, drawing
from ganzoo.data.shards import check_new_folder
from ganzoo.file_names import check_output_file, check_output_folder
from ganzoo.runs.sources import load_source
from ganzoo_cli.commands.data import parse_action


def run(options, others):
    """Describes a data source, and packs it into a file if the command asks for it."""
    action, source = parse_action(others)
    if options.shards:
        check_output_folder("--output", options.output)
        check_new_folder(options.output)
    else:
        suffixes = (".npz",) if action == "pack" else drawing.PICTURE_SETTINGS
        check_output_file("--output", options.output, suffixes)
    dataset = load_source(source, options)
    _describe(dataset)
    if action == "pack":
        if options.shards:
            data.pack_shards(dataset, options.output, options.shards)
        else:
            data.pack(dataset, options.output)
        print(f"packed      {options.output}")
    else:
        count = _draw(dataset, options.output, options.n, "n" in options.given)
        print(f"picture     {count:,} examples in {options.output}")


def _describe(dataset):
    examples = dataset.examples
    print(f"source      {dataset.name}, {dataset.split}" if dataset.split else dataset.name)
    print(f"examples    {len(dataset):,}")
    print(f"shape       {' x '.join(map(str, dataset.example_shape))} ({examples.dtype})")
    print(f"range       {examples.min():g} to {examples.max():g}, mean {examples.mean():.4g}")
    if dataset.conditions is not None:
        names = dataset.condition_names or ()
        print(f"conditions  {dataset.condition_dim}{': ' * bool(names)}{', '.join(names)}")
        return
    if dataset.labels is None:
        print("classes     none")
        return
    counts = np.bincount(dataset.labels, minlength=dataset.num_classes)
    print(f"classes     {dataset.num_classes}, of {counts.min():,} to {counts.max():,} examples")
    if dataset.class_names:
        print(f"            {', '.join(dataset.class_names)}")


def _draw(dataset, path, n, is_exact):
    """Draws random examples, with classes in rows or columns, and returns how many there are.

    With `is_exact` there are `n`, or all that the data have; otherwise as many as fill the rows.
    """
    order = np.random.default_rng(0).permutation(len(dataset))
    if dataset.labels is None:
        drawn = dataset.stored.in_eight_bits(dataset.examples[order[:n]])
        drawing.save_picture(path, drawing.picture(drawn))
        return len(order[:n])
    lay_out = drawing.class_grid if is_exact else drawing.class_rows
    labels, columns = lay_out(n, dataset.num_classes)
    by_class = {label: iter(order[dataset.labels[order] == label]) for label in set(labels)}
    rows = [next(by_class[label], None) for label in labels]
    if dataset.has_images:
        # A class with fewer examples than columns ends in white.
        drawn = [
            None if row is None else dataset.stored.in_eight_bits(dataset.examples[row])
            for row in rows
        ]
        white = np.full(dataset.example_shape, 255, np.uint8)
        examples = np.stack([white if image is None else image for image in drawn])
    else:
        examples = dataset.examples[[row for row in rows if row is not None]]
    drawing.save_picture(path, drawing.picture(examples, columns))
    return sum(row is not None for row in rows)
