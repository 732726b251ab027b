"""What a training run is about to do, and what it has left, as lines of text."""

import keras

from ganzoo import distribution
from ganzoo.runs.part_flags import format_augment, format_loss, format_regularizers
from ganzoo.runs.run_checkpoints import best_of


def describe_plan(plan):
    """Returns the plan of a training run, a `ganzoo.runs.TrainPlan`, as lines of text."""
    recipe, gan, settings = plan.recipe, plan.gan, plan.settings
    updates = f"{recipe.batch_size} examples"
    if recipe.discriminator_steps > 1:
        updates = f"{recipe.discriminator_steps} x {updates}"
    resumed = f", resumed after step {plan.steps_done:,}" if plan.is_resumed else ""
    if plan.is_trained:
        resumed += ": only the files that the end of the run writes are missing"
    replaced = ", ".join(f"--{name}" for name in plan.overridden)
    return _table(
        {
            **({"not of config": f"{replaced}, which the command line gives"} if replaced else {}),
            "model": f"{settings.model}: {recipe.source}",
            "data": plan.data,
            **_targets(gan),
            **_labels(plan),
            **_transfer(plan),
            "generator": f"{gan.generator.count_params():,} parameters, from "
            f"{gan.latent_dim} latents ({gan.latent})",
            "discriminator": f"{gan.discriminator.count_params():,} parameters",
            "loss": format_loss(recipe.loss, recipe.loss_options),
            "regularizers": format_regularizers(recipe.regularizers),
            **_options(recipe, settings.mirror),
            "optimizers": f"{recipe.g_optimizer} for the generator, "
            f"{recipe.d_optimizer} for the discriminator",
            "average": recipe.average,
            **_measured(plan),
            "steps": f"{recipe.steps:,} of {updates}, in {_epochs(plan)}",
            "seed": settings.seed,
            "precision": f"{settings.precision}, XLA {'on' if gan.jit_compile else 'off'}, "
            f"{keras.backend.backend()}",
            **_memory(gan),
            "threads": settings.threads,
            **_devices(plan.device_count),
            "output": f"{plan.folder.path}{resumed}",
        }
    )


def describe_results(folder, value=None, needs_conditions=False):
    """Returns the files of a run and the next command as lines of text.

    Args:
        folder: The `ganzoo.runs.RunFolder`.
        value: Name of the value that chooses the best checkpoint, or `None`.
        needs_conditions: Whether samples need vectors of conditions.
    """
    chosen = {}
    if value and (best := best_of(folder)):
        chosen["best"] = f"{value} {best[1]:.4g} at step {best[0]:,}: --checkpoint=best"
    return _table(
        {
            "model": folder.model,
            **chosen,
            "pictures": f"{folder.samples}, with all of them in samples.gif",
            "log": f"{folder.log}, drawn in {folder.curves.name}",
            "options": folder.options,
            "next": f"ganzoo sample {folder.path}" + " --conditions=VECTOR" * needs_conditions,
        }
    )


def _epochs(plan):
    """Returns the number of epochs, and the steps of each: the last one may have fewer."""
    epochs, steps = plan.epochs, len(plan.batches)
    most = "" if epochs * steps == plan.recipe.steps else "up to "
    return f"{_count(epochs, 'epoch')} of {most}{_count(steps, 'step')}"


def _count(number, noun):
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _targets(gan):
    if gan.condition_dim is None:
        return {"classes": gan.num_classes or "not used"}
    return {"conditions": ", ".join(gan.condition_names or [f"vectors of {gan.condition_dim}"])}


def _memory(gan):
    saved = {
        f"each batch in {gan.accumulate} parts": gan.accumulate > 1,
        "activations are computed again": gan.remat,
    }
    used = [how for how, is_used in saved.items() if is_used]
    return {"memory": ", ".join(used)} if used else {}


def _labels(plan):
    if plan.recipe.labels_per_class is None:
        return {}
    tested_on = plan.test_data or "nothing (no --test_split)"
    return {"labels": f"{plan.recipe.labels_per_class} of each class", "tested on": tested_on}


def _transfer(plan):
    lines = {}
    if plan.transfer is not None:
        details = str(plan.transfer).replace("\n", f"\n{'':<15}")
        lines["starts from"] = f"{plan.settings.init_from}: {details}"
    if count := plan.settings.freeze_discriminator:
        lines["frozen"] = f"the first {count} layers of the discriminator"
    return lines


def _options(recipe, mirror):
    options = {
        "matching": recipe.generator_loss,
        "augmentation": recipe.augment and format_augment(recipe.augment),
        "packing": recipe.packing if recipe.packing > 1 else None,
        "mirror": "each image, with probability 1/2" if mirror else None,
    }
    return {name: value for name, value in options.items() if value is not None}


def _measured(plan):
    """Returns what is measured and watched while the run trains."""
    settings, lines = plan.settings, {}
    if plan.callbacks.evaluation is not None:
        evaluation = plan.callbacks.evaluation
        every = "epoch" if evaluation.every == 1 else f"{evaluation.every:,} epochs"
        best = f"; the best {settings.keep_best} is kept" if settings.keep_best else ""
        lines["metrics"] = (
            f"{', '.join(settings.metrics)} of {evaluation.n:,} samples, compared with "
            f"{evaluation.data}, each {every}{best}"
        )
    elif settings.keep_best:
        lines["metrics"] = f"the checkpoint with the best {settings.keep_best} is kept"
    watched = [f"{_name(one)} every {one.every:,} epochs" for one in plan.callbacks.monitors]
    return {**lines, "monitors": plan.without_monitors or ", ".join(watched) or "none"}


def _name(monitor):
    return type(monitor).__name__.removesuffix("Monitor").lower()


def _devices(count):
    processes = distribution.process_count()
    if count == 1:
        return {}
    return {"devices": f"{count}, of {processes} processes" if processes > 1 else count}


def _table(facts):
    return "\n".join(f"{name:<15}{fact}" for name, fact in facts.items())
