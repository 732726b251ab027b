"""`ganzoo train`: trains a recipe, and keeps everything in a folder of its own."""

import sys

from ganzoo.callbacks.interruption import Interrupted
from ganzoo.callbacks.same_run import AnotherRun
from ganzoo.runs import RunFolderError, TrainPlan
from ganzoo_cli.errors import expected


def run(options, others):
    """Checks the flags and the data, prints the plan, and returns the work."""
    plan = TrainPlan(options)
    if not plan.is_primary:
        return None if options.dry_run else lambda: train(plan)
    print(plan.describe())
    if options.dry_run:
        print("\nAll checks passed. Nothing was trained or written, because of --dry_run.")
        return None
    print(flush=True)
    return lambda: train(plan)


def train(plan):
    """Trains as planned, prints what there is in the end, and returns the exit code."""
    code = 0
    try:
        with expected(RunFolderError, AnotherRun, OSError):
            plan.train()
    except FloatingPointError as error:
        print(f"\nganzoo train: {error}", file=sys.stderr)
        return 1
    except Interrupted as interrupted:
        code = interrupted.code
    if not plan.is_primary:
        return code
    if code:
        print(
            f"\nInterrupted after step {plan.gan.step:,}. Continue from there with:\n"
            f"  ganzoo train --resume --output={plan.folder.path}\n"
        )
    else:
        print(f"\nTrained {plan.gan.step:,} steps.\n")
    print(plan.describe_results())
    return code
