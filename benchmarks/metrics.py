"""Compares the time of ganzoo's metrics with that of other programs on this machine.

    python benchmarks/metrics.py --cores 0,1 --markdown table.md --json table.json

Each program runs in its own process, on the same cores. Only one runs at a time, and they take
turns, so a disturbance of the machine affects all of them. A row has the median of the repeats, and
the growth of the resident memory to its peak (Linux only). The Inception network has random
weights, the same for both programs. `docs/metrics.md` has more details.
"""

import argparse
import contextlib
import importlib.util
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

from load import ForeignLoad

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "metrics")]

# Part -> program -> packages that it needs.
PARTS = {
    "frechet_distance": {
        "ganzoo": (),
        "eigenvalues of the product (torch-fidelity)": ("torch", "torch_fidelity"),
        "sqrtm (scipy)": ("scipy",),
    },
    "precision_recall": {"ganzoo": (), "torch-fidelity": ("torch", "torch_fidelity")},
    "extracting": {"ganzoo": (), "torch-fidelity": ("torch", "torch_fidelity")},
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--dimensions", type=int, nargs="+", default=[2048, 128])
    parser.add_argument("--count", type=int, default=10_000, help="features in each of two sets")
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--image-size", type=int, default=32)
    parser.add_argument("--batch-size", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cores", default="", help="e.g. 0,1; all by default")
    parser.add_argument(
        "--load-limit",
        type=float,
        default=0.1,
        help="share of the cores that other processes may use",
    )
    parser.add_argument(
        "--patience", type=float, default=60, help="total seconds to spend on repeats"
    )
    parser.add_argument("--markdown", type=pathlib.Path)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(**json.loads(options.serve))
        return
    options.cores = options.cores or ",".join(map(str, sorted(os.sched_getaffinity(0))))
    load = ForeignLoad(options.cores, options.load_limit, options.patience)
    tables = []
    with tempfile.TemporaryDirectory() as folder:
        for part, settings in cases(options, folder):
            tables.append(measure(part, settings, options, load))
            print(table(tables[-1]), flush=True)
    if options.markdown:
        options.markdown.write_text("\n".join(map(table, tables)))
    if options.json:
        content = {"tables": tables, "disturbed": load.accepted_disturbed, "of": load.accepted}
        options.json.write_text(json.dumps(content, indent=2) + "\n")


def cases(options, folder):
    """Yields the parts with their settings."""
    counts = {"count": options.count}
    for part in options.parts:
        if part == "frechet_distance":
            yield part, {**counts, "dimensions": options.dimensions[0]}
        elif part == "precision_recall":
            for dimensions in options.dimensions:
                yield part, {**counts, "dimensions": dimensions}
        else:
            names = ("images", "image_size", "batch_size")
            yield part, {**{name: getattr(options, name) for name in names}, "folder": folder}


def measure(part, settings, options, load):
    """Returns the settings and the rows of a part."""
    rows, absent = {}, []
    with contextlib.ExitStack() as stack:
        programs = {}
        for program, packages in PARTS[part].items():
            if not all(map(importlib.util.find_spec, packages)):
                absent.append(program)
                continue
            programs[program] = stack.enter_context(Program(part, program, settings, options))
            rows[program] = {"seconds": [], "peak_mb": 0.0}
        for repeat in range(options.repeats):
            for program in list(programs) if repeat % 2 == 0 else reversed(programs):
                row, answer = rows[program], {}

                def run(program=program, answer=answer):
                    answer.update(programs[program].ask())
                    return answer

                row["seconds"].append(load.undisturbed(run))
                row["peak_mb"] = max(row["peak_mb"], answer["peak_mb"])
                row["values"] = answer["values"]
    settings = {name: value for name, value in settings.items() if name != "folder"}
    return {"part": part, "settings": settings, "absent": absent, "rows": rows}


def table(measured):
    """Returns the rows of a part as Markdown."""
    settings = ", ".join(f"{name} {value}" for name, value in measured["settings"].items())
    lines = [
        f"**{measured['part']}** ({settings})\n",
        "| | seconds | this / ganzoo | peak MB | difference |",
        "|---|---|---|---|---|",
    ]
    ours = measured["rows"]["ganzoo"]
    for program, row in measured["rows"].items():
        values, expected = np.array(row["values"]), np.array(ours["values"])
        difference = np.abs(values - expected).max() / np.abs(expected).max()
        seconds = statistics.median(row["seconds"])
        lines.append(
            f"| {program} | {seconds:.2f} | {seconds / statistics.median(ours['seconds']):.2f} | "
            f"{row['peak_mb']:.0f} | {difference:.1g} |"
        )
    lines += [f"| {program} | not installed | | | |" for program in measured["absent"]]
    return "\n".join(lines) + "\n"


class Program:
    """A process that runs one program and measures it on request."""

    def __init__(self, part, program, settings, options):
        what = {"part": part, "program": program, "settings": settings}
        what |= {"cores": options.cores, "threads": options.threads}
        threads = dict.fromkeys(
            ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"),
            str(options.threads),
        )
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--serve", json.dumps(what)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={
                "TF_CPP_MIN_LOG_LEVEL": "3",
                **os.environ,
                **threads,
                "KERAS_BACKEND": "tensorflow",
                "CUDA_VISIBLE_DEVICES": "",
            },
        )
        self._answer()

    def ask(self):
        """Returns the measurements of one call."""
        print(file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self):
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("The process of a program ended. See its message above.")
        return json.loads(line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait(timeout=60)


def serve(part, program, settings, cores, threads):
    """Measures one call per line of standard input."""
    # Before libraries are loaded, because thread pools get one thread per usable core.
    os.sched_setaffinity(0, [int(core) for core in cores.split(",")])
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    work = {
        "frechet_distance": frechet_distance,
        "precision_recall": precision_recall,
        "extracting": extracting,
    }[part](program, threads, **settings)
    print("{}", file=answers, flush=True)
    for _ in sys.stdin:
        # Resets the peak that Linux reports as VmHWM.
        pathlib.Path("/proc/self/clear_refs").write_text("5")
        before, processor, start = memory("VmRSS"), time.process_time(), time.perf_counter()
        values = work()
        answer = {
            "seconds": time.perf_counter() - start,
            "processor_seconds": time.process_time() - processor,
            "peak_mb": memory("VmHWM") - before,
            "values": values,
        }
        print(json.dumps(answer), file=answers, flush=True)


def memory(field):
    """Returns a field of /proc/self/status in MB."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"/proc/self/status has no {field}")


def features(count, dimensions, seed):
    """Returns features like those of networks: nonnegative, and a few directions vary most."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(0).standard_normal((dimensions, dimensions), np.float32)
    scales = (np.arange(1, dimensions + 1) ** -0.5).astype(np.float32)
    latents = rng.standard_normal((count, dimensions), np.float32) * scales * (1 + 0.05 * seed)
    return np.maximum(latents @ mixing, 0)


def frechet_distance(program, threads, count, dimensions):
    """Returns a function that computes the distance from statistics."""
    sets = (features(count, dimensions, seed).astype(np.float64) for seed in (1, 2))
    pairs = [(x.mean(axis=0), np.cov(x, rowvar=False)) for x in sets]
    if program == "ganzoo":
        from ganzoo import metrics

        gaussians = [metrics.Gaussian(*pair) for pair in pairs]
        return lambda: [metrics.gaussian_distance(*gaussians)]
    if program.startswith("sqrtm"):
        from scipy import linalg

        (mean, s), (other, t) = pairs
        rest = ((mean - other) ** 2).sum() + np.trace(s) + np.trace(t)
        return lambda: [rest - 2 * np.trace(linalg.sqrtm(s @ t)).real]
    module = torch_fidelity(threads, "metric_fid")
    one, other = (dict(zip(("mu", "sigma"), pair, strict=True)) for pair in pairs)
    distance = module.fid_statistics_to_metric
    return lambda: list(distance(one, other, verbose=False).values())


def precision_recall(program, threads, count, dimensions):
    """Returns a function that computes precision and recall; ganzoo also density and coverage."""
    real, fake = (features(count, dimensions, seed) for seed in (1, 2))
    if program == "ganzoo":
        from ganzoo import metrics

        def measured():
            values = metrics.precision_recall(real, fake, k=3)
            return [values["precision"], values["recall"]]

        return measured
    module = torch_fidelity(threads, "metric_prc")
    import torch

    real, fake = map(torch.from_numpy, (real, fake))
    return lambda: list(module.calculate_precision_recall_full(fake, real, 3, 10_000))


def extracting(program, threads, images, image_size, batch_size, folder):
    """Returns a function that extracts features of uint8 images, after a first batch."""
    from ganzoo.extractors import inception_weights

    pixels = np.random.default_rng(0).integers(
        0, 256, (images, image_size, image_size, 3), dtype=np.uint8
    )
    path = pathlib.Path(folder) / "inception.npz"
    if program == "ganzoo":
        extractor = _ours(path, inception_weights, batch_size)
    else:
        extractor = _theirs(path, inception_weights, batch_size, threads)
    extractor(pixels[:batch_size])
    return lambda: extractor(pixels)[:2].tolist()


def _ours(path, inception_weights, batch_size):
    from ganzoo.extractors import Inception, inception_network

    names = inception_weights.variables_by_graph_name(inception_network.inception_network())
    rng = np.random.default_rng(0)
    weights = {}
    for name, variable in names.items():
        shape = tuple(variable.shape)
        # A scale that keeps the size of activations constant through the layers.
        scale = np.sqrt(2 / np.prod(shape[:-1])) if len(shape) > 1 else 0.1
        weights[name] = (scale * rng.standard_normal(shape)).astype(np.float32)
        if name.endswith(("gamma", "moving_variance")):
            weights[name] = np.abs(weights[name]) + 0.9
    inception_weights.write(path, weights)
    return Inception(batch_size=batch_size, path=path)


def _theirs(path, inception_weights, batch_size, threads):
    module = torch_fidelity(threads, "feature_extractor_inceptionv3")
    import torch

    state = {"fc.bias": torch.zeros(1008)}
    with np.load(path) as weights:
        for name, array in weights.items():
            # From (height, width, in, out), or (in, out).
            array = array.transpose((3, 2, 0, 1)) if array.ndim == 4 else array.T
            state[inception_weights.port_name(name)] = torch.from_numpy(array.copy())
    torch.save(state, path.with_suffix(".pth"))
    network = module.FeatureExtractorInceptionV3(
        "inception", ["2048"], feature_extractor_weights_path=str(path.with_suffix(".pth"))
    )

    @torch.no_grad()
    def extractor(pixels):
        batches = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous().split(batch_size)
        return torch.cat([network(batch)[0] for batch in batches]).numpy()

    return extractor


def torch_fidelity(threads, name):
    """Returns a module of torch-fidelity that uses this number of threads."""
    import torch
    import torch_fidelity_metrics

    torch.set_num_threads(threads)
    return torch_fidelity_metrics.module(name)


if __name__ == "__main__":
    main()
