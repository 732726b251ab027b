"""`ganzoo generate`: a data set of samples as shards."""

import keras

from ganzoo import synthesis
from ganzoo.cli.class_flags import numbers_of
from ganzoo.runs import load_model
from ganzoo.runs.progress import Progress


def run(options, others):
    """Writes a data set of samples, or continues one."""
    labels = options.labels
    if labels is not None:
        labels = numbers_of(labels, load_model(others[0]))
    names = ("n", "format", "shard_size", "seed", "truncation", "latent_scale", "batch_size")
    settings = {name: getattr(options, name) for name in (*names, "workers", "ray")}
    threads = options.threads
    if threads is None and keras.backend.backend() == "tensorflow":
        threads = 1
    with Progress() as progress:
        manifest = synthesis.generate(
            others[0],
            options.output,
            labels=labels,
            threads=threads,
            progress=progress,
            **settings,
        )
    shards = manifest["shards"]
    size = sum(shard["size"] for shard in shards)
    print(f"samples     {options.n:,} in {len(shards):,} shards, {size / 1e6:,.1f} MB")
    print(f"manifest    {options.output}/generated.json")
    print(f"next        ganzoo data generated:{options.output}")
