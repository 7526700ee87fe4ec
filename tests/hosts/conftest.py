"""Tests on several hosts need root, namespaces and a few Debian packages (`make test-hosts` adds them)."""

import pytest

from tests.hosts.namespaces import missing


@pytest.fixture(scope="session", autouse=True)
def able_to_make_hosts():
    """Skip, loudly, where hosts cannot be made."""
    lacking = missing()
    if lacking:
        pytest.skip(f"NOT TESTED ON SEVERAL HOSTS: this machine lacks {', '.join(lacking)}")
