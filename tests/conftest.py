"""What every test shares: the asyncio backend, no silent skip in CI, and audits that say what they counted."""

from __future__ import annotations

import os

import pytest

# The published Responses schema is not part of this repository; CI brings it, a laptop may not have it.
ALLOWED_SKIP = "OPEN_RESPONSES_OPENAPI is unset"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails a CI run that skipped something: a skip there is a check that silently stopped to exist."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not os.environ.get("CI"):
        return
    skipped = [report for report in reporter.stats.get("skipped", []) if ALLOWED_SKIP not in str(report.longrepr)]
    if skipped and session.exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"\nCI skips nothing, and {len(skipped)} were skipped", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what was counted by tests that have recorded an `audit`: one that counted nothing has tested nothing."""
    passed = terminalreporter.getreports("passed")
    audits = [value for report in passed for name, value in report.user_properties if name == "audit"]
    if audits:
        terminalreporter.section("audits")
    for audit in dict.fromkeys(audits):
        terminalreporter.write_line(audit)
