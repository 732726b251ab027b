"""Which parts a check runs over."""

import pytest

from conformance.parts import NAMES, PARTS, REPRESENTATIVES


def _all_but_slow(is_slow):
    return pytest.mark.parametrize(
        "part",
        [pytest.param(p, marks=pytest.mark.slow if is_slow(p) else ()) for p in PARTS],
        ids=NAMES,
    )


def _has_state(part):
    """Whether a GAN that trains with the part has variables of it."""
    if part.kind not in ("regularizer", "augmentation"):
        return False
    state = getattr(type(part.make()), "state", None)
    return state is not None and not state.__module__.endswith(".base")


every_part = _all_but_slow(lambda part: False)
representatives = _all_but_slow(lambda part: str(part) not in REPRESENTATIVES)
# JAX compiles each part. Losses and penalties have tests of their own there.
layers_and_representatives = _all_but_slow(
    lambda part: part.kind != "layer" and str(part) not in REPRESENTATIVES
)
# The files of representatives are read in a fresh process. Networks are made of layers, and what
# has no state leaves only its config in a file.
layers_and_states = _all_but_slow(
    lambda part: str(part) in REPRESENTATIVES or not (part.kind == "layer" or _has_state(part))
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
