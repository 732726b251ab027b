"""What the tests of all parts share and what is computed once."""

import functools

import pytest
import tensorflow as tf

from conformance import fresh_processes
from conformance.parts import PARTS
from conformance.selection import parts_that_need
from conformance.subjects import numbers, subject
from conformance.trainers import answers, train, trainer
from ganzoo.export import archive
from support.gans import tiny
from support.processes import run_python


@pytest.fixture(scope="session")
def eager_results():
    """Function of a part: its results on TensorFlow without a graph."""
    return functools.cache(lambda part: numbers(subject(part).results()))


@pytest.fixture(scope="session")
def jax_results(request, tmp_path_factory):
    """Function of a part: its results on JAX."""
    folder = tmp_path_factory.mktemp("jax")
    parts = parts_that_need("jax_results", request)
    _run("compute_on_jax", folder, parts, backend="jax", without_tensorflow=True)
    return lambda part: fresh_processes.read(folder, part)


@pytest.fixture(scope="session")
def xla_results(request, tmp_path_factory):
    """Function of a part: its results under XLA."""
    folder = tmp_path_factory.mktemp("xla")
    _run("compute_under_xla", folder, parts_that_need("xla_results", request))
    return lambda part: fresh_processes.read(folder, part)


class Saved:
    """A model that was saved after a step of training, and what it was then and a step later."""

    def __init__(self, part, path):
        self.path = path
        model = trainer(part)
        train(model)
        model.save(path)
        # Saving computes the statistics of virtual batch normalization again.
        self.state = tiny.state(model)
        self.answers = answers(model)
        self._model = model

    @functools.cached_property
    def state_after(self):
        """The state after one more step."""
        train(self._model)
        return tiny.state(self._model)


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    """Function of a part: a `Saved`."""
    folder = tmp_path_factory.mktemp("saved")
    return functools.cache(lambda part: Saved(part, folder / f"{PARTS.index(part)}.keras"))


@pytest.fixture(scope="session")
def restored(request, saved):
    """Function of a part: what a fresh process made of its file."""
    parts = parts_that_need("restored", request)
    folder = _for_all(saved, parts)[0].path.parent
    _run("restore", folder, parts)
    return lambda part: fresh_processes.read(folder, part)


@pytest.fixture(scope="session")
def exported(request, tmp_path_factory):
    """Function of a part: its outputs for the inputs of a subject, and the outputs of its export.

    One SavedModel holds all parts, each with a signature of its own.
    """
    functions, variables, expected, errors = {}, [], {}, {}

    def add(part):
        made = subject(part)
        expected[part] = numbers(made.serve(*made.inputs))
        signature = [tf.TensorSpec((None, *x.shape[1:]), x.dtype) for x in made.inputs]
        functions[f"part_{PARTS.index(part)}"] = made.serve, signature
        variables.extend(made.state)

    for part in parts_that_need("exported", request):
        try:
            add(part)
        except Exception as error:
            errors[part] = error
    folder = tmp_path_factory.mktemp("exported")
    archive.write(str(folder), functions, variables)
    loaded = tf.saved_model.load(folder)

    def outputs(part):
        if part in errors:
            raise errors[part]
        inputs = [x.value for x in subject(part).inputs]
        return expected[part], numbers(getattr(loaded, f"part_{PARTS.index(part)}")(*inputs))

    return outputs


def _for_all(function, parts):
    """Calls a function of each part; what fails is left to the part's own test."""
    results = []
    for part in parts:
        try:
            results.append(function(part))
        except Exception:
            continue
    return results


def _run(function, folder, parts, **settings):
    indices = [PARTS.index(part) for part in parts]
    run_python(
        "from conformance import fresh_processes\n"
        f"fresh_processes.{function}({str(folder)!r}, {indices})",
        **settings,
    )
