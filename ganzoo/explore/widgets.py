"""Gradio, and the small pieces of the page."""

import contextlib
import os

# Gradio reads it when it is imported, and would report each start of a page.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
try:
    import gradio as gr
except ImportError as error:
    raise ImportError(f"The page needs Gradio: `pip install 'ganzoo[explore]'`. {error}") from error


@contextlib.contextmanager
def shown_errors():
    """Shows errors of bad input on the page, without a traceback in the terminal."""
    try:
        yield
    except ValueError as error:
        raise gr.Error(str(error), print_exception=False) from error


def picture(name, label):
    """Returns the place of a picture that the page draws."""
    return gr.Image(
        label=label,
        elem_id=name,
        elem_classes="gz-picture",
        interactive=False,
        format="png",
        image_mode=None,
        show_label=False,
        buttons=["fullscreen"],
    )


def as_shown(image):
    """Returns an image as Gradio takes it: without an axis for a single channel."""
    return image[..., 0] if image.shape[-1] == 1 else image


def whole(number):
    """Returns a seed that was typed as an integer."""
    if number is None or number != int(number):
        raise ValueError(f"Seeds are integers. Received: {number}")
    return int(number)


def escaped(text):
    """Returns text as HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;")
