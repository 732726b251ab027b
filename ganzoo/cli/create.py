"""`ganzoo create`: from a folder of images to a trained, published and exported model."""

from pathlib import Path

from ganzoo.cli.create_plan import CreatePlan


def run(options, others):
    """Checks the images and the flags, prints the plan, and returns the work."""
    plan = CreatePlan(Path(others[0]), options)
    print(plan.describe(), flush=True)
    if options.dry_run:
        print(f"{'time':<15}{plan.estimate()}", flush=True)
        print("\nAll checks passed. Nothing was trained or written, because of --dry_run.")
        return None
    return plan.create
