"""Which parts a check runs over."""

import pytest

from conformance.parts import NAMES, PARTS, REPRESENTATIVES

every_part = pytest.mark.parametrize("part", PARTS, ids=NAMES)
representatives = pytest.mark.parametrize(
    "part",
    [
        pytest.param(part, marks=() if name in REPRESENTATIVES else pytest.mark.slow)
        for part, name in zip(PARTS, NAMES, strict=True)
    ],
    ids=NAMES,
)


def parts_that_need(fixture, request):
    """Returns the parts whose tests in this session use a fixture."""
    # Other files may have a fixture of the same name, for tests without parts.
    return [
        item.callspec.params["part"]
        for item in request.session.items
        if fixture in getattr(item, "fixturenames", ())
        and "part" in getattr(getattr(item, "callspec", None), "params", {})
    ]
