"""`ganzoo explore`: a page in the browser that shows what a trained model can do."""

import importlib

from ganzoo.cli import direction_flags
from ganzoo.cli.condition_flags import examples_of
from ganzoo.cli.drawable import check_pictures
from ganzoo.explore import Explorer
from ganzoo.runs.run_folder import load_model


def run(options, others):
    """Builds the page of a model; returns the function that serves it."""
    model = others[0]
    # A missing package is an error before the model is loaded, which is slow.
    page = importlib.import_module("ganzoo.explore.page")
    server = importlib.import_module("ganzoo.explore.server")
    directions = direction_flags.read(options.directions, direction_flags.STORED)
    gan = load_model(model, options.checkpoint)
    check_pictures(gan, model)
    if directions is not None:
        directions = direction_flags.of_model(directions, gan, model)
    explorer = Explorer(gan, directions, examples_of(options.conditions, gan))
    if explorer.why_no_directions is not None:
        print(f"The page has no directions. {explorer.why_no_directions}")
    explorer.prepare()
    blocks = page.build(explorer, model)

    def serve():
        server.launch(blocks, options.host, options.port, options.share, options.open)
        return 0

    return serve
