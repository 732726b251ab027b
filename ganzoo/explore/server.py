"""How a page is served."""

import pathlib

from ganzoo.explore.widgets import gr

_CSS = pathlib.Path(__file__).with_name("page.css")


def launch(
    blocks: gr.Blocks,
    host: str = "127.0.0.1",
    port: int | None = None,
    share: bool = False,
    open_browser: bool = False,
    block: bool = True,
) -> str:
    """Serves a page.

    Args:
        blocks: What `build` returned.
        host: The address at which it is served.
        port: The port; by default the first free one from 7860.
        share: Whether Gradio publishes the page at a public address.
        open_browser: Whether a browser opens the page.
        block: Whether the function returns only when the page ends.

    Returns:
        The page's address.

    Raises:
        OSError: If the port is not free.
    """
    try:
        _, address, public = blocks.launch(
            server_name=host,
            server_port=port,
            share=share,
            inbrowser=open_browser,
            prevent_thread_lock=True,
            quiet=True,
            show_error=True,
            ssr_mode=False,
            footer_links=[],
            theme=_theme(),
            css_paths=_CSS,
        )
    except OSError as error:
        raise OSError(
            "The page cannot be served there: another program has the port, or this machine does "
            f"not have the address. Received: host={host!r}, port={port}"
        ) from error
    print(f"The page is at {address}" + (f" and at {public}" if public else ""), flush=True)
    if block:
        blocks.block_thread()
    return address


def _theme():
    """Returns colors and fonts of the system: fonts of the web would need a network."""
    fonts = ["ui-sans-serif", "system-ui", "Segoe UI", "Roboto", "sans-serif"]
    return gr.themes.Base(
        primary_hue="indigo",
        neutral_hue="slate",
        radius_size="lg",
        font=fonts,
        font_mono=["ui-monospace", "Consolas", "monospace"],
    )
