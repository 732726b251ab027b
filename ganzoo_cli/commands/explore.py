"""`ganzoo explore`: a page in the browser that shows what a trained model can do."""

from ganzoo_cli.command import Command
from ganzoo_cli.models import only_model
from ganzoo_cli.shared_flags import MODEL, add_checkpoint_flag, add_debug_flag

LOCAL = "127.0.0.1"
_MOST_PORT = 65535


def _check(options, others):
    if options.port is not None and options.port > _MOST_PORT:
        raise ValueError(f"--port must be at most {_MOST_PORT}. Received: --port={options.port}")
    only_model(others)


COMMAND = Command(
    "explore",
    "Explore a trained model on a page in the browser.",
    "MODEL [flags]",
    description=f"""{MODEL} The page has controls for seeds, classes or conditions, truncation and
        directions. It draws walks between samples, mixes the styles of a style-based model, and
        finds the sample that is nearest to an image of yours. It needs `ganzoo[explore]` and no
        network. End it with Ctrl+C.""",
    examples=(
        "ganzoo explore sngan_projection_fashion_mnist",
        "ganzoo explore runs/faces --directions=faces.npz --open",
    ),
    check=_check,
)
COMMAND.group("Page")
COMMAND.path(
    "directions",
    "FILE",
    """The .npz file of directions that `ganzoo directions --save` wrote. By default the page has
    the directions that are stored with the model, or finds 6 in closed form.""",
)
COMMAND.path(
    "conditions",
    "VECTOR",
    """For a model of vectors of conditions: what the page shows first, as for `ganzoo sample`. A
    .npy file of several vectors gives a choice of them; conditions that are 0 or 1 in all of them
    become switches, and others sliders between their lowest and highest number.""",
)
COMMAND.switch("open", "Open the page in the browser.")
COMMAND.group("Server")
COMMAND.text(
    "host",
    "ADDRESS",
    """The address at which the page is served. Others can only reach it at another address, such as
    0.0.0.0, which stands for all addresses of this machine.""",
    default=LOCAL,
)
COMMAND.positive_integer("port", "The port. By default the first free one from 7860.")
COMMAND.switch("share", "Let Gradio publish the page at a public address for a week.")
COMMAND.group("Other")
add_checkpoint_flag(COMMAND)
add_debug_flag(COMMAND)
