"""`ganzoo train`: trains a recipe, and keeps everything in a folder of its own."""

from ganzoo.cli.train_plan import TrainPlan


def run(options, others):
    """Checks the flags and the data, prints the plan, and returns the work."""
    plan = TrainPlan(options)
    if not plan.is_primary:
        return None if options.dry_run else plan.train
    print(plan.describe())
    if options.dry_run:
        print("\nAll checks passed. Nothing was trained or written, because of --dry_run.")
        return None
    print(flush=True)
    return plan.train
