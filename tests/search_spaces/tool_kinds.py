"""A noun of its own, which plugin files of tests add kinds to."""

from search_spaces.registry import KindSettings, Registry


class Tool(KindSettings):
    """Any tool."""


TOOLS: Registry[Tool] = Registry("tool", Tool, "tldmi_sweep_test.tools")
