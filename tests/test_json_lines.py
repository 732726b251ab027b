"""Files of JSON lines survive a process that is killed while it writes."""

import pytest

from ganzoo import json_lines


def test_a_record_after_an_incomplete_line_is_intact(tmp_path):
    path = tmp_path / "records.jsonl"
    json_lines.append(path, {"step": 1})
    json_lines.append(path, {"step": 2})
    assert path.read_text() == '{"step": 1}\n{"step": 2}\n'
    path.write_bytes(path.read_bytes()[:-3])

    json_lines.append(path, {"step": 3})

    with pytest.warns(UserWarning, match=r"records.jsonl, with 1 of 3 lines damaged"):
        assert json_lines.read(path) == [{"step": 1}, {"step": 3}]


def test_a_file_without_records_is_refused(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("epoch,step\n1,2\n")
    with pytest.raises(ValueError, match=r"JSON object in each line\. Received: .*log.csv"):
        json_lines.read(path)
    path.write_text("")
    assert json_lines.read(path) == []
