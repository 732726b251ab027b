"""Measures what it saves that TensorFlow's freed memory stays in the process, on a processor.

    python benchmarks/freed_memory.py

Each row is a training run in a fresh process, with glibc's own settings (which the environment
variable MALLOC_MMAP_MAX_ asks for) or with ganzoo's. Processor time counts, so other work on the
machine disturbs little.
"""

import argparse
import os
import resource
import subprocess
import sys

SETTINGS = {"glibc": {"MALLOC_MMAP_MAX_": "65536"}, "ganzoo": {}}


def measure(recipe, steps):
    """Prints what a step costs: milliseconds of the program and of the kernel, page faults."""
    import ganzoo
    import numpy as np

    gan = ganzoo.GAN.from_recipe(recipe, (28, 28, 1))
    batch_size = ganzoo.recipes.get(recipe).batch_size
    examples = np.random.default_rng(0).uniform(-1, 1, (batch_size * steps, 28, 28, 1))
    examples = examples.astype("float32")
    gan.fit(examples[: 3 * batch_size], batch_size=batch_size, verbose=0)
    before = resource.getrusage(resource.RUSAGE_SELF)
    gan.fit(examples, batch_size=batch_size, verbose=0)
    after = resource.getrusage(resource.RUSAGE_SELF)
    program = 1000 * (after.ru_utime - before.ru_utime) / steps
    kernel = 1000 * (after.ru_stime - before.ru_stime) / steps
    faults = (after.ru_minflt - before.ru_minflt) // steps
    print(f"| {program:.0f} | {kernel:.0f} | {faults:,} | {after.ru_maxrss // 1024:,} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    recipes = ["dcgan_fashion_mnist", "sngan_fashion_mnist", "r3gan_fashion_mnist"]
    parser.add_argument("--recipes", nargs="+", default=recipes)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure, arguments.steps)
        return
    print("| recipe | memory | program, ms | kernel, ms | page faults | peak, MiB |")
    print("|---|---|---|---|---|---|")
    for recipe in arguments.recipes:
        for name, variables in SETTINGS.items():
            command = [sys.executable, __file__, "--measure", recipe]
            result = subprocess.run(
                [*command, "--steps", str(arguments.steps)],
                env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **variables},
                capture_output=True,
                text=True,
                check=True,
            )
            print(f"| {recipe} | {name} {result.stdout.strip()}")


if __name__ == "__main__":
    main()
