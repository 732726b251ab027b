"""A page in the browser that shows what a trained generator can do: `ganzoo explore`.

`Explorer` has the functions behind the page, which need no browser. `build` and `launch`, in
`ganzoo.explore.page`, make the page, and need the extra `ganzoo[explore]`.
"""

from ganzoo.explore.explorer import Explorer, View

__all__ = ["Explorer", "View"]
