"""Which parts a check runs over."""

import pytest

from conformance.parts import NAMES, PARTS, REPRESENTATIVES


def _all_but_slow(is_slow):
    return pytest.mark.parametrize(
        "part",
        [pytest.param(p, marks=pytest.mark.slow if is_slow(p) else ()) for p in PARTS],
        ids=NAMES,
    )


every_part = _all_but_slow(lambda part: False)
representatives = _all_but_slow(lambda part: str(part) not in REPRESENTATIVES)
# JAX compiles each part. Losses and penalties have tests of their own there.
layers_and_representatives = _all_but_slow(
    lambda part: part.kind != "layer" and str(part) not in REPRESENTATIVES
)
# Networks are made of layers, and take longest.
parts_with_few_networks = _all_but_slow(
    lambda part: part.kind.endswith("architecture") and str(part) not in REPRESENTATIVES
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
