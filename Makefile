# Two commands do everything on a fresh machine: `make sweep` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SPACE ?= bido_vs_tldmi

.PHONY: sweep test test-load test-slow test-hosts test-gpu checks browser hosts clean

sweep: $(VENV)/.installed
	$(BIN)/tldmi-sweep --space $(SPACE) $(if $(STORE),--store $(STORE))

# In the order of the folders, so that the long end-to-end sweep does not come last and alone.
test: $(VENV)/.installed-test browser checks
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

# Again those with signals, timeouts and processes, while two busy processes a core compete with them.
UNDER_LOAD = $(shell grep -rl --include='test_*.py' mark.load tests)

test-load: $(VENV)/.installed-test
	$(BIN)/python -m tests.load.busy $(BIN)/python -m pytest -q -n 2 --dist loadscope \
	  -m "load and not slow and not hosts and not chaos and not gpu" $(UNDER_LOAD)

test-slow: $(VENV)/.installed-test browser
	$(BIN)/python -m pytest -q -m slow

# Clusters of several hosts, made as network namespaces; nothing outside of them is touched.
test-hosts: $(VENV)/.installed-test hosts
	$(BIN)/python -m pytest -q -rs -m hosts tests/hosts

# Steps and a sweep on a GPU; where there is none the tests say that they are skipped.
test-gpu: $(VENV)/.installed-test
	$(BIN)/python -m pytest -q -rs -m gpu tests/gpu

checks: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The report is tested in a real browser; Debian and Ubuntu have it as a package.
browser:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || \
	  { apt-get update -qq && apt-get install -y -qq chromium chromium-driver >/dev/null; } || \
	  echo "no browser found: install chromium and chromedriver for the browser tests"

# Debian and Ubuntu have what a host needs as packages; without root the tests say that they are skipped.
hosts:
	@{ command -v ip && test -x /usr/sbin/sshd && command -v rsync; } >/dev/null || test "$$(id -u)" != 0 || \
	  { apt-get update -qq && RUNLEVEL=1 apt-get install -y -qq iproute2 openssh-server rsync >/dev/null; } || \
	  echo "install iproute2, openssh-server and rsync for the tests on several hosts"

$(VENV)/.installed: setup.cfg pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -e .
	touch $@

$(VENV)/.installed-test: setup.cfg pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -e '.[test]'
	touch $(VENV)/.installed $@

clean:
	rm -rf $(VENV) build *.egg-info
