"""Counts of the faults that were injected and found, printed at the end."""

import pytest


@pytest.fixture
def count(record_property):
    """Adds a line of counts to the end of the report."""

    def note(line):
        record_property("fault_count", line)

    return note
