"""Writes the measurements as Markdown tables."""

import pathlib
import platform
import statistics

FEATURES = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16")

PART_NAMES = {
    "spectral_normalization": "spectral normalization",
    "ema": "EMA",
    "fit": "`fit`, against the bare step",
    "fit_in_blocks": "`fit` with `steps_per_execution=32`, against the bare step",
    "r1_every_step": "R1 at every step",
    "r1_every_16th_step": "R1 at every 16th step",
    "path_length_every_4th_step": "path length at every 4th step",
    "discriminator_steps_5": "`discriminator_steps=5`",
    "gradient_penalty": "gradient penalty",
    "dragan": "DRAGAN",
    "consistency": "consistency regularization",
    "historical_averaging": "historical averaging",
    "orthogonal": "orthogonal regularization of the generator",
    "feature_matching": "feature matching",
    "diff_augment": "DiffAugment, all transforms",
    "adaptive_augment": "adaptive augmentation",
    "virtual_batch_normalization": "virtual batch normalization, 64 reference rows",
    "minibatch_discrimination": "minibatch discrimination",
    "layer_normalization": "layer normalization",
    "weight_normalization": "weight normalization",
    "auxiliary_classifier": "auxiliary classifier, against projection",
    "packing": "packing of 2",
}


def processor(threads):
    """Returns the number of cores, the name of the processor and its instruction sets."""
    name, flags = platform.processor() or platform.machine(), []
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists():
        facts = dict(
            (part.strip() for part in line.split(":", 1))
            for line in cpuinfo.read_text().split("\n\n")[0].splitlines()
            if ":" in line
        )
        name = facts.get("model name", name)
        flags = [feature for feature in FEATURES if feature in facts.get("flags", "").split()]
    cores = f"{threads} cores" if threads > 1 else "one core"
    return f"{cores} of {name}" + (f" ({', '.join(flags)})" if flags else "")


def document(results):
    """Returns all tables, after a line about the machine and the versions."""
    return "\n".join([header(results), *map(section, results["models"])])


def header(results):
    """Returns the machine, the versions and the number of blocks."""
    versions = [results["ganzoo"]["versions"]]
    versions.append(
        results["torch"]["versions"]
        if results["without_torch"] is None
        else f"no PyTorch ({results['without_torch']})"
    )
    options = results["options"]
    how = f"{results['disturbed']} of them disturbed by other processes"
    if options["clock"] == "processor":
        how = "all times are processor times"
    return (
        f"{results['device']}; {'; '.join(versions)}; batch {options['batch_size']}, width "
        f"{options['width']}; {results['blocks']} blocks, {how}.\n"
    )


def section(measured):
    """Returns the tables of one model at one precision."""
    peak = max(measured["products"])
    lines = [
        f"**{measured['model']}, {measured['precision']}** "
        f"({_parameters(measured)}best matrix product: {peak / 1e9:,.0f} GFLOP/s)\n",
        "| | ms per step | middle half | images/s | share of peak | ganzoo / this |",
        "|---|---|---|---|---|---|",
    ]
    rows = measured["rows"]
    ours = rows["ganzoo"]["milliseconds"]
    for name, row in rows.items():
        blocks = row["milliseconds"]
        median = statistics.median(blocks)
        share = row["operations"] / (median / 1000) / peak
        lines.append(
            f"| {name} | {median:.1f} | {_middle_half(blocks, 1)} | "
            f"{1000 * row['images_per_step'] / median:.0f} | {share:.0%} | "
            f"{statistics.median(ours) / median:.2f} |"
        )
    if measured["parts"]:
        lines += ["", parts(measured)]
    return "\n".join(lines) + "\n"


def parts(measured):
    """Returns the table of the costs of parts of one model at one precision."""
    lines = [
        "| part of ganzoo | ms without | ms with | ratio | middle half | operations |",
        "|---|---|---|---|---|---|",
    ]
    for name, part in measured["parts"].items():
        without, with_part = part["without"], part["with"]
        ratios = [w / o for w, o in zip(with_part, without, strict=True)]
        lines.append(
            f"| {PART_NAMES[name]} | {statistics.median(without):.1f} | "
            f"{statistics.median(with_part):.1f} | "
            f"{statistics.median(ratios):.3f} | {_middle_half(ratios, 3)} | "
            f"{part['operations']:.2f} |"
        )
    return "\n".join(lines)


def _parameters(measured):
    """Returns the numbers of parameters of both networks as text."""
    generator, discriminator = measured["rows"]["ganzoo"]["parameters"]
    return f"{generator:,} and {discriminator:,} parameters; "


def _middle_half(values, digits):
    """Returns the range from the first to the third quartile as text."""
    if len(values) < 2:
        return f"{values[0]:.{digits}f}"
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{low:.{digits}f} to {high:.{digits}f}"
