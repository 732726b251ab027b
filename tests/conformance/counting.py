"""The count of parts and capabilities at the end of the tests."""

import re

# A capability, and the kind and the name of a part.
_CHECK = re.compile(r"conformance/\w+\.py::test_(\w+)\[(.+: .+)\]$")


def pytest_terminal_summary(terminalreporter):
    passed, checks = 0, set()
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.stats.get(outcome, []):
            check = _CHECK.search(report.nodeid)
            if check and (report.when == "call" or outcome == "error"):
                passed += outcome == "passed"
                checks.add(check.groups())
    if checks:
        capabilities = {capability for capability, _ in checks}
        parts = {part for _, part in checks}
        terminalreporter.write_line(
            f"conformance: {len(parts)} parts x {len(capabilities)} capabilities, "
            f"{passed} of {len(checks)} checks passed"
        )
