"""Compares the speed of an exported GAN in each runtime with the Keras model on this machine.

    python benchmarks/serving.py --models dcgan_mnist --markdown table.md --json table.json

A model is a preset, a `.keras` file, a run folder or a recipe. A recipe gives an untrained network,
because the weights do not change the time. TensorFlow, ONNX Runtime and LiteRT run in one process
each, on the same cores. Only one runs at a time, and they take turns in short blocks, so a
disturbance of the machine affects all of them. A call takes and returns NumPy arrays.

Before a runtime is timed, its examples for 64 latents are compared with the Keras model's.
This is the second table. With `--repeats 0`, it is the only one.
"""

import argparse
import importlib.util
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import numpy as np

import report
from load import ForeignLoad, add_flags
from train_step import default_cores

SIDE = pathlib.Path(__file__).with_name("serving_side.py")
# Process -> runtimes that it measures.
RUNTIMES = {
    "tensorflow": ("Keras", "SavedModel", "SavedModel, XLA", "`gan.sample`", "SavedModel `sample`"),
    "onnx": ("ONNX Runtime",),
    "litert": ("LiteRT", "LiteRT, float16", "LiteRT, dynamic range"),
}
# Process -> packages that it needs.
PACKAGES = {
    "tensorflow": ("tensorflow",),
    "onnx": ("onnx", "onnxruntime", "tf2onnx"),
    "litert": ("ai_edge_litert",),
}
# Runtimes that map seeds to uint8 are compared with `gan.sample`, all others with Keras.
OF_SEEDS = ("`gan.sample`", "SavedModel `sample`")
# Their exports have their own tolerances, which the export checks.
QUANTIZED = ("LiteRT, float16", "LiteRT, dynamic range")


def main(arguments=None):
    options = parse(arguments)
    cores = options.cores or default_cores(options.threads)
    load = ForeignLoad(cores, options.foreign_load, options.patience)
    results = {"options": vars(options), "device": report.processor(options.threads), "models": []}
    for model in options.models:
        with tempfile.TemporaryDirectory() as folder:
            measured = measure(model, folder, cores, options, load)
        results["models"].append(measured)
        results |= {"blocks": load.accepted, "disturbed": load.accepted_disturbed}
        print(sizes_table(measured), flush=True)
        print(speed_table(measured, options.batch_sizes), flush=True)
    text = document(results)
    if options.markdown:
        pathlib.Path(options.markdown).write_text(text)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(results, indent=1) + "\n")
    print(header(results))


def parse(arguments):
    """Returns the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["dcgan_mnist", "sngan_fashion_mnist"])
    parser.add_argument(
        "--image-shape",
        type=int,
        nargs="+",
        default=[32, 32, 1],
        help="shape of the images if the model is a recipe",
    )
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[1, 8, 64])
    add_flags(parser, block_seconds=0.5, patience=300)
    return parser.parse_args(arguments)


def measure(model, folder, cores, options, load):
    """Returns the sizes, differences and times of a model in all runtimes."""
    settings = {"model": model, "image_shape": options.image_shape, "folder": folder}
    sides, owners, absent = [], {}, []
    try:
        # The process of TensorFlow starts first, because it writes the files that the others read.
        for name, runtimes in RUNTIMES.items():
            if missing := [x for x in PACKAGES[name] if not importlib.util.find_spec(x)]:
                absent += missing
                continue
            sides.append(Side(name, cores, options.threads, settings))
            owners |= dict.fromkeys(runtimes, sides[-1])
        name = pathlib.Path(model).stem
        measured = {"model": name, "describes": sides[0].facts["describes"], "absent": absent}
        expected = {}
        measured["formats"] = {
            runtime: compare(side, runtime, expected) for runtime, side in owners.items()
        }
        measured["times"] = {
            size: interleave(owners, size, options, load)
            for size in (options.batch_sizes if options.repeats else ())
        }
    finally:
        for side in sides:
            side.close()
    measured["versions"] = [side.facts["version"] for side in sides]
    return measured


def compare(side, runtime, expected):
    """Returns the size of the file that a runtime loads, and the error of its examples.

    Args:
        side: The process.
        runtime: Name of the runtime.
        expected: Dictionary that stores the examples of the first runtime, for latents and seeds.
    """
    answer = side.ask(do="examples", runtime=runtime)
    examples = np.load(answer["path"])
    reference = expected.setdefault(runtime in OF_SEEDS, examples)
    difference = examples.astype("float64") - reference
    # Some uint8 values may be rounded differently.
    tolerance = 1 if runtime in OF_SEEDS else 1e-3
    if runtime not in QUANTIZED and np.abs(difference).max() > tolerance:
        raise AssertionError(
            f"All runtimes must give the same examples. Received: {runtime} is off by "
            f"{np.abs(difference).max():.1g}"
        )
    return {
        "bytes": answer["bytes"],
        "largest": float(np.abs(difference).max()),
        "root_mean_square": float(np.sqrt(np.mean(difference**2))),
    }


def interleave(owners, size, options, load):
    """Times blocks of calls of each runtime in turn. Every second round is in reverse order."""
    rows = {}
    for runtime, side in owners.items():
        seconds = side.ask(do="prepare", runtime=runtime, batch_size=size)["seconds_per_call"]
        calls = max(1, round(options.block_seconds / seconds))
        rows[runtime] = {"calls": calls, "blocks": [], "latencies": []}
    for repeat in range(options.repeats):
        for runtime in list(rows) if repeat % 2 == 0 else reversed(rows):
            row, answer = rows[runtime], {}

            def run(runtime=runtime, row=row, answer=answer):
                question = {"runtime": runtime, "batch_size": size, "calls": row["calls"]}
                answer.update(owners[runtime].ask(do="run", **question))
                return answer

            row["blocks"].append(load.undisturbed(run) / row["calls"])
            row["latencies"] += answer["latencies"]
    return rows


def document(results):
    """Returns all tables, after a line about the machine and the versions."""
    sections = [header(results)]
    for measured in results["models"]:
        sections += [
            sizes_table(measured),
            speed_table(measured, results["options"]["batch_sizes"]),
        ]
    return "\n".join(filter(None, sections))


def header(results):
    """Returns the machine, the versions and the number of blocks."""
    versions = dict.fromkeys(x for model in results["models"] for x in model["versions"])
    absent = dict.fromkeys(x for model in results["models"] for x in model["absent"])
    missing = f"; not installed: {', '.join(absent)}" if absent else ""
    blocks = ""
    if results["blocks"]:
        blocks = f"; {results['blocks']} blocks, {results['disturbed']} of them disturbed by others"
    return f"{results['device']}; {', '.join(versions)}{missing}{blocks}.\n"


def sizes_table(measured):
    """Returns a table of the sizes of a model's exports and the errors of their examples."""
    lines = [
        f"**{measured['model']}** ({measured['describes']})\n",
        "| | KB | largest difference | root mean square |",
        "|---|---|---|---|",
    ]
    for runtime, row in measured["formats"].items():
        if row["bytes"] is not None:
            size = f"{row['bytes'] / 1000:,.0f}"
            differences = f"{row['largest']:.1e} | {row['root_mean_square']:.1e}"
            lines.append(f"| {runtime} | {size} | {differences} |")
    return "\n".join(lines) + "\n"


def speed_table(measured, batch_sizes):
    """Returns a table of the times of a model in all runtimes, or `""` without measurements."""
    if not measured["times"]:
        return ""
    lines = [
        "| batch | | p50 ms | p99 ms | images/s | Keras / this | middle half |",
        "|---|---|---|---|---|---|---|",
    ]
    for size in batch_sizes:
        rows = measured["times"][size]
        for runtime, row in rows.items():
            reference = rows["`gan.sample`" if runtime in OF_SEEDS else "Keras"]["blocks"]
            ratios = [theirs / ours for theirs, ours in zip(reference, row["blocks"], strict=True)]
            median = statistics.median(row["blocks"])
            p50, p99 = (1000 * np.percentile(row["latencies"], part) for part in (50, 99))
            lines.append(
                f"| {size} | {runtime} | {p50:.2f} | {p99:.2f} | {size / median:,.0f} | "
                f"{statistics.median(ratios):.2f} | {middle_half(ratios)} |"
            )
    return "\n".join(lines) + "\n"


def middle_half(ratios):
    """Returns the range from the first to the third quartile as text."""
    low, high = np.percentile(ratios, (25, 75))
    return f"{low:.2f} to {high:.2f}"


class Side:
    """A process with the runtimes of one library.

    Args:
        name: A key of `RUNTIMES`.
        cores: Numbers of the cores to use, separated by commas.
        threads: Number of threads of an operation.
        settings: Arguments about the model.
    """

    def __init__(self, name, cores, threads, settings):
        self._name = name
        settings = {"library": name, "cores": cores, "threads": threads, **settings}
        self._process = subprocess.Popen(
            [sys.executable, str(SIDE), json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={
                "TF_CPP_MIN_LOG_LEVEL": "3",
                **os.environ,
                "KERAS_BACKEND": "tensorflow",
                "OMP_NUM_THREADS": str(threads),
                # All runtimes must use the CPU to be comparable.
                "CUDA_VISIBLE_DEVICES": "",
            },
        )
        self.facts = self._answer()

    def ask(self, **request):
        """Sends a request and returns its answer."""
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self):
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"The process of {self._name} ended. See its message above.")
        return json.loads(line)

    def close(self):
        """Ends the process."""
        self._process.stdin.close()
        self._process.wait(timeout=60)


if __name__ == "__main__":
    main()
