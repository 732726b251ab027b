"""Counts of what was broken and found, printed at the end."""

import pytest


@pytest.fixture
def count(record_property):
    """Notes a line of counts for the end of the report."""

    def note(line):
        record_property("fault_count", line)

    return note
