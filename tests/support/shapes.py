"""Networks for tests that look at names, shapes and options, and at no value."""

import contextlib

import keras


@contextlib.contextmanager
def without_values():
    """Gives the variables that are made inside their shapes alone.

    It takes a third of the time, because initial values are drawn and spectral norms measured one
    operation after the other. The networks cannot be called.
    """
    with keras.StatelessScope(initialize_variables=False):
        yield
    keras.utils.clear_session(free_memory=False)  # Or the next scope would initialize them.
