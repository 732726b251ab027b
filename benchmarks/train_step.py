"""Compares training steps of ganzoo with PyTorch and the same networks on this machine.

    python benchmarks/train_step.py --cores 2,3 --markdown table.md --json table.json

Each framework runs in its own process, on the same cores. Only one runs at a time, and they take
turns in short blocks, so a disturbance of the machine affects both. A row has the median of its
blocks. `docs/performance.md` describes the protocol.
"""

import argparse
import contextlib
import importlib.util
import json
import math
import os
import pathlib
import sys

import report
from clock import CLOCKS
from load import ForeignLoad, add_flags
from processes import Side

MODELS = ("dcgan", "sngan")
# Measured on request.
OTHER_MODELS = ("r3gan", "stylegan2")
TORCH_MODELS = ("dcgan", "sngan", "r3gan")
PRECISIONS = ("float32", "bfloat16")
# Modes of `torch.compile`, and how a row names them. "reduce-overhead" records CUDA graphs: it is
# measured on a GPU alone.
TORCH_MODES = {None: "", "default": ", compiled", "reduce-overhead": ", compiled, CUDA graphs"}
TORCH_VARIANTS = {
    f"PyTorch, {layout.replace('_', ' ')}{words}": {"layout": layout, "mode": mode}
    for mode, words in TORCH_MODES.items()
    for layout in ("contiguous", "channels_last")
}
_CLASSES = {"num_classes": 10}


def _training(**settings):
    return {}, {"training": settings}


def _regularizer(name, **arguments):
    return _training(regularizers={name: arguments})


# Part -> (settings without it, settings with it).
PARTS = {
    "spectral_normalization": ({"networks": {"normalization": "none"}}, {}),
    "ema": ({"training": {"ema_decay": None}}, {}),
    "fit": ({}, {"through_fit": True}),
    "fit_in_blocks": ({}, {"through_fit": True, "training": {"steps_per_execution": 32}}),
    "r1_every_step": _regularizer("r1", gamma=0.1),
    "r1_every_16th_step": _regularizer("r1", gamma=0.1, every=16),
    "path_length_every_4th_step": _regularizer("path_length", every=4),
    "discriminator_steps_5": _training(discriminator_steps=5),
    "gradient_penalty": _regularizer("gradient_penalty"),
    "dragan": _regularizer("dragan"),
    "consistency": _regularizer("consistency"),
    "historical_averaging": _regularizer("historical_averaging"),
    "orthogonal": _regularizer("orthogonal"),
    "feature_matching": _training(generator_loss="feature_matching"),
    "diff_augment": _training(augment="diff_augment"),
    "adaptive_augment": _training(augment="adaptive_augment"),
    "virtual_batch_normalization": (
        {},
        {"networks": {"generator_normalization": "virtual", "reference_size": 64}},
    ),
    "minibatch_discrimination": ({}, {"networks": {"minibatch_features": "discrimination"}}),
    "layer_normalization": (
        {"networks": {"normalization": "none"}},
        {"networks": {"normalization": "layer"}},
    ),
    "weight_normalization": (
        {"networks": {"normalization": "none"}},
        {"networks": {"normalization": "weight"}},
    ),
    "auxiliary_classifier": (
        {"networks": _CLASSES},
        {"networks": {**_CLASSES, "conditioning": "auxiliary"}},
    ),
    "packing": ({}, {"networks": {"packing": 2}}),
}
# Parts whose steps take long, and whose cost is too large to need many repeats.
LARGE_PARTS = (
    "r1_every_step",
    "r1_every_16th_step",
    "path_length_every_4th_step",
    "discriminator_steps_5",
    "gradient_penalty",
)
LARGE_PART_REPEATS = 5
# Options of `--quick`, where the command line does not set them.
QUICK = {
    "models": ["dcgan"],
    "precisions": ["float32"],
    "parts": [],
    "repeats": 5,
    "block_seconds": 0.5,
    "patience": 0,
    "no_torch_compile": True,
}


def main(arguments=None):
    options = parse(arguments)
    cores = options.cores or default_cores(options.threads)
    patience = options.patience if options.clock == "wall" else 0
    load = ForeignLoad(cores, options.foreign_load, patience)
    results = {"options": {**vars(options), "parts": list(options.parts)}, "models": []}
    with contextlib.ExitStack() as stack:
        ganzoo = stack.enter_context(Side("ganzoo_side", cores, options, options.clock))
        results["ganzoo"] = ganzoo.ask("describe")
        torch, results["without_torch"] = None, why_no_torch(options, results["ganzoo"])
        if results["without_torch"] is None:
            torch = stack.enter_context(Side("torch_side", cores, options, options.clock))
            results["torch"] = torch.ask("describe")
        results["device"] = results["ganzoo"]["gpu"] or report.processor(options.threads)
        bench = Bench(options, load, ganzoo, torch)
        for precision in options.precisions:
            for model in options.models:
                results["models"].append(
                    {
                        "model": model,
                        "precision": precision,
                        "products": bench.products(precision),
                        "rows": bench.compare(model, precision),
                        "parts": bench.parts(model, precision),
                    }
                )
                results["models"][-1]["products"] += bench.products(precision)
                print(report.section(results["models"][-1]), flush=True)
    results["disturbed"] = load.accepted_disturbed
    results["blocks"] = load.accepted
    table = report.document(results)
    if options.markdown:
        pathlib.Path(options.markdown).write_text(table)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(results, indent=1) + "\n")
    print(report.header(results), flush=True)
    return results


def parse(arguments):
    """Returns the options of the command line."""
    parser = argparse.ArgumentParser(
        description="Compares training steps of ganzoo with PyTorch and the same networks."
    )
    parser.add_argument("--models", nargs="+", choices=(*MODELS, *OTHER_MODELS), default=MODELS)
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=PRECISIONS)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--side", type=int, default=32, help="pixels; PyTorch's networks need 32")
    parser.add_argument(
        "--inter-threads", type=int, default=2, help="operations that may run at the same time"
    )
    parser.add_argument(
        "--product-size", type=int, help="rows of the matrices whose product gives the peak"
    )
    parser.add_argument("--no-torch", action="store_true", help="do not measure PyTorch")
    parser.add_argument("--no-torch-compile", action="store_true", help="only eager PyTorch")
    parser.add_argument(
        "--parts", nargs="*", choices=PARTS, default=PARTS, help="parts whose cost to measure"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="a first look: DCGAN in float32 without parts, few blocks, eager PyTorch",
    )
    parser.add_argument(
        "--clock",
        choices=CLOCKS,
        default="wall",
        help="processor: the processor time of the process, for a machine that is not quiet",
    )
    add_flags(parser, block_seconds=1.0, patience=600)
    options = parser.parse_args(arguments)
    return parser.parse_args(arguments, argparse.Namespace(**QUICK)) if options.quick else options


def default_cores(threads):
    """Returns the first cores that this process may use, or `""` if the system cannot tell."""
    if not hasattr(os, "sched_getaffinity"):
        return ""
    return ",".join(map(str, sorted(os.sched_getaffinity(0))[:threads]))


def why_no_torch(options, ganzoo):
    """Returns the reason why PyTorch cannot be measured, or `None`."""
    if options.no_torch:
        return "left out by --no-torch"
    if options.side != 32:
        return f"its networks are for 32 pixels, not for {options.side}"
    if importlib.util.find_spec("torch") is None:
        return "PyTorch is not installed: `pip install torch`"
    if ganzoo["gpu"] is not None:
        import torch

        if not torch.cuda.is_available():
            return f"this PyTorch ({torch.__version__}) does not see the GPU"
    return None


class Bench:
    """Makes the measurements that `report` writes as tables."""

    def __init__(self, options, load, ganzoo, torch):
        self._options = options
        self._load = load
        self._ganzoo = ganzoo
        self._torch = torch
        self._on_gpu = ganzoo.ask("describe")["gpu"] is not None
        self._product_size = options.product_size or (8192 if self._on_gpu else 2048)

    def products(self, precision):
        """Returns the operations per second of ten matrix products in each framework."""
        sides = [side for side in (self._ganzoo, self._torch) if side is not None]
        for side in sides:
            side.ask(
                "prepare_product", case="product", precision=precision, size=self._product_size
            )
        seconds = [
            side.ask("run", case="product", steps=1)["seconds"] for _ in range(10) for side in sides
        ]
        self._release()
        return [2 * self._product_size**3 / each for each in seconds]

    def compare(self, model, precision):
        """Returns the rows of ganzoo and of each PyTorch variant, by name."""
        cases = {"ganzoo": self._prepare_ours("ganzoo", model, precision)}
        if self._torch is not None and model in TORCH_MODELS:
            for name, settings in TORCH_VARIANTS.items():
                if settings["mode"] is not None and self._options.no_torch_compile:
                    continue
                if settings["mode"] == "reduce-overhead" and not self._on_gpu:
                    continue
                cases[name] = self._prepare(self._torch, name, model, precision, **settings)
                check_same_networks(cases["ganzoo"]["shapes"], cases[name]["shapes"], name)
        operations = cases["ganzoo"]["operations"]
        times = self._interleave(cases, self._options.repeats)
        self._release()
        return {
            name: {
                "milliseconds": [1000 * seconds for seconds in blocks],
                "images_per_step": self._options.batch_size,
                "operations": operations,
                "parameters": [sum(map(math.prod, network)) for network in cases[name]["shapes"]],
            }
            for name, blocks in times.items()
        }

    def parts(self, model, precision):
        """Returns the times of a step without and with each part of ganzoo."""
        # DCGAN has no spectral normalization that could be removed.
        names = [
            name
            for name in self._options.parts
            if model == "sngan" or name != "spectral_normalization"
        ]
        cases = {}
        for settings in (each for name in names for each in PARTS[name]):
            key = json.dumps(settings)
            if key not in cases:
                cases[key] = self._prepare_ours(key, model, precision, **settings)
        large = [name for name in names if name in LARGE_PARTS]
        small = [name for name in names if name not in LARGE_PARTS]
        rows = {}
        for group, repeats in (
            (small, self._options.repeats),
            (large, min(LARGE_PART_REPEATS, self._options.repeats)),
        ):
            keys = [json.dumps(each) for name in group for each in PARTS[name]]
            times = self._interleave({key: cases[key] for key in keys}, repeats)
            for name in group:
                without, with_part = (times[json.dumps(each)] for each in PARTS[name])
                operations = [cases[json.dumps(each)]["operations"] for each in PARTS[name]]
                rows[name] = {
                    "without": [1000 * seconds for seconds in without],
                    "with": [1000 * seconds for seconds in with_part],
                    "operations": operations[1] / operations[0],
                }
        self._release()
        return rows

    def _prepare_ours(self, case, model, precision, **settings):
        return self._prepare(
            self._ganzoo, case, model, precision, image_side=self._options.side, **settings
        )

    def _prepare(self, side, case, model, precision, **settings):
        answer = side.ask(
            "prepare",
            case=case,
            model=model,
            precision=precision,
            width=self._options.width,
            batch_size=self._options.batch_size,
            **settings,
        )
        steps = max(1, math.ceil(self._options.block_seconds / answer["seconds_per_step"]))
        regularizers = settings.get("training", {}).get("regularizers", {})
        every = max([1, *(arguments.get("every", 1) for arguments in regularizers.values())])
        return {**answer, "side": side, "steps": math.ceil(steps / every) * every}

    def _interleave(self, cases, repeats):
        """Runs a block of each case in turn. Every second round is in reverse order."""
        times = {name: [] for name in cases}
        for repeat in range(repeats):
            for name in list(cases) if repeat % 2 == 0 else reversed(cases):
                case = cases[name]
                seconds = self._load.undisturbed(
                    lambda name=name, case=case: case["side"].ask(
                        "run", case=name, steps=case["steps"]
                    )
                )
                times[name].append(seconds / case["steps"])
        return times

    def _release(self):
        for side in (self._ganzoo, self._torch):
            if side is not None:
                side.ask("release")


def check_same_networks(ours, theirs, name):
    """Raises an error unless both frameworks train weights of the same shapes, up to axis order."""
    for player, our, their in zip(("generator", "discriminator"), ours, theirs, strict=True):
        counts = [sum(map(math.prod, shapes)) for shapes in (our, their)]
        sizes = [sorted(sorted(shape) for shape in shapes) for shapes in (our, their)]
        if counts[0] != counts[1] or sizes[0] != sizes[1]:
            raise AssertionError(
                f"The {player}s must be the same. Received: {counts[0]:,} parameters in ganzoo and "
                f"{counts[1]:,} in {name}"
            )


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
