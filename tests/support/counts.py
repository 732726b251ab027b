"""What is counted over many tests, printed at the end of the report."""

import re

# A capability, and the kind and the name of a part.
_CHECK = re.compile(r"conformance/\w+\.py::test_(\w+)\[(.+: .+)\]$")


def print_conformance(terminalreporter):
    """Prints how many parts went through how many capabilities."""
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


def print_faults(terminalreporter):
    """Prints the lines that the fixture `count` of the fault tests noted."""
    lines = [
        line
        for report in terminalreporter.stats.get("passed", [])
        for name, line in report.user_properties
        if name == "fault_count" and report.when == "call"
    ]
    if lines:
        terminalreporter.section("faults")
        for line in sorted(lines):
            terminalreporter.write_line(line)
