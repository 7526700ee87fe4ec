"""Hosts made of Linux namespaces: each its own network, processes, name, home and /tmp, all on one bridge.

Nothing of them is seen outside: closing the laboratory ends every process in them and removes the bridge, and
what they wrote lies in one folder. Root only; iproute2, openssh-server, openssh-client and rsync are needed.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

PROGRAMS = ("ip", "unshare", "nsenter", "ssh", "ssh-keygen", "rsync", "/usr/sbin/sshd")
PREFIX = "tldmi"
HOME = Path("/var/tmp")
"""Not below /tmp: every host has a /tmp of its own there."""
GATEWAY = 1
"""Last part of the bridge's own address: what runs outside of the hosts is reached there."""
START_SECONDS = 90
ROOT = Path(__file__).parent.parent.parent
VENV_BIN = Path(sys.executable).parent

SSHD = """
ListenAddress {address}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/key.pub
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
PidFile none
MaxStartups 100
"""
BASHRC = """
export PATH={path}:$PATH
export TLDMI_SWEEP_CACHE={cache} RAY_USAGE_STATS_ENABLED=0
"""
INIT = """
set -e
mount --make-rprivate /
hostname {name}
mount -t tmpfs tmpfs /run
mkdir /run/sshd
mount -t tmpfs tmpfs /dev/shm
mount --bind {home}/../passwd /etc/passwd
mount --bind {home}/../hosts /etc/hosts
mount --bind {home}/../resolv.conf /etc/resolv.conf
{kept}
mount --rbind {home}/../tmp /tmp
exec {sshd} -D -e -f {home}/../sshd.conf 2> {home}/../sshd.log
"""


def missing() -> list[str]:
    """Return what keeps this machine from having such hosts."""
    lacking = [program for program in PROGRAMS if not shutil.which(program)]
    if os.geteuid() != 0:
        return [*lacking, "root"]
    probe = ["unshare", "--net", "--mount", "--pid", "--uts", "--ipc", "--fork", "true"]
    able = lacking or subprocess.run(probe, capture_output=True, check=False).returncode == 0
    return lacking if able else ["the right to make namespaces"]


class Host:
    """One host: a process that is the first of its own namespaces, and everything it starts."""

    def __init__(self, name: str, address: str, folder: Path, space: str) -> None:
        self.name = name
        self.address = address
        self.home = folder / "home"
        self._log = folder / "sshd.log"
        self._process = _first_process(name, folder, space)

    @property
    def pid(self) -> int:
        """The process outside that is process 1 inside."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        return int(children.split()[0])

    def run(
        self,
        *command: str,
        variables: Mapping[str, str] | None = None,
        limit: float = 400,
        check: bool = True,
    ) -> str:
        """Run a command on the host as its user would, and return its output; fails when the command does."""
        output = self._log.with_name("command.log")
        process = self.start(*command, output=output, variables=variables)
        try:
            code = process.wait(timeout=limit)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        printed = output.read_text(errors="replace")
        assert not (check and code), f"{self.name}: {' '.join(command)}: {code}\n{printed[-4000:]}"
        return printed

    def start(
        self, *command: str, output: Path, variables: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[bytes]":
        """Start a command on the host with its output in a file."""
        with output.open("wb") as file:
            return subprocess.Popen(
                ["nsenter", "--target", str(self.pid), "--all", f"--wd={self.home}", *command],
                env={**self._environment(), **(variables or {})},
                stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            )  # fmt: skip

    def kill(self) -> None:
        """End the host and with it every process on it at once, as a power cut would."""
        os.kill(self.pid, signal.SIGKILL)  # the first process of a namespace takes all others with it
        self._process.wait()

    @property
    def is_up(self) -> bool:
        """Whether the host runs."""
        return self._process.poll() is None

    def _environment(self) -> dict[str, str]:
        usual = {
            "PATH": f"{VENV_BIN}:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.home),
            "PYTHONPATH": str(ROOT),
        }
        return {**usual, "LANG": "C.UTF-8", "RAY_USAGE_STATS_ENABLED": "0", "PYTHONUNBUFFERED": "1"}


class Laboratory:
    """Hosts on one bridge, and the folder with all their files."""

    def __init__(self, folder: Path, network: str, tag: str) -> None:
        self.folder = folder
        self.network = network
        self.key = folder / "key"
        self.hosts: dict[str, Host] = {}
        self._tag = tag

    @property
    def gateway(self) -> str:
        """Address of this machine as the hosts see it."""
        return f"{self.network}.{GATEWAY}"

    def add(self, name: str, number: int) -> Host:
        """Return a new host at ``network.number`` that answers on its SSH port."""
        address, space = f"{self.network}.{number}", self._space(number)
        folder = _host_folder(self.folder, name, address)
        _connect(space, self._bridge, f"v{self._tag}{number}", f"{address}/24")
        self.hosts[name] = Host(name, address, folder, space)
        wait_for_port(address, 22)
        return self.hosts[name]

    def open(self) -> None:
        """Make the bridge and the keys."""
        _ip("link", "add", self._bridge, "type", "bridge")
        _ip("addr", "add", f"{self.gateway}/24", "dev", self._bridge)
        _ip("link", "set", self._bridge, "up")
        for name in ("key", "host_key"):
            _keygen(self.folder / name)

    def close(self) -> None:
        """End all hosts, whatever state they are in, and remove bridge and namespaces."""
        for host in self.hosts.values():
            if host.is_up:
                host.kill()
        _remove(self._tag)

    @property
    def _bridge(self) -> str:
        return f"b{self._tag}"

    def _space(self, number: int) -> str:
        return f"{self._tag}-{number}"


@contextmanager
def laboratory() -> Iterator[Laboratory]:
    """Give a laboratory under a name and in a network of its own; nothing of it is left afterwards."""
    _remove_abandoned()
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # what ends the tests cleans up, too
    tag = f"{PREFIX}{os.getpid():x}"
    with ExitStack() as stack:
        stack.callback(signal.signal, signal.SIGTERM, before)
        folder = Path(tempfile.mkdtemp(prefix=f"{tag}-", dir=HOME))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        made = Laboratory(folder, _free_network(), tag)
        stack.callback(made.close)
        made.open()
        yield made


def _host_folder(root: Path, name: str, address: str) -> Path:
    """Return the host's own folder: its home, its /tmp, and a user database that names that home."""
    folder = root / name
    for part in ("home", "tmp"):
        (folder / part).mkdir(parents=True)
    (folder / "tmp" / "ray").mkdir()
    (folder / "tmp").chmod(0o1777)
    users = [line.split(":") for line in Path("/etc/passwd").read_text().splitlines()]
    moved = [[*user[:5], str(folder / "home"), "/bin/bash"] if user[0] == "root" else user for user in users]
    (folder / "passwd").write_text("".join(":".join(user) + "\n" for user in moved))
    (folder / "hosts").write_text(f"127.0.0.1 localhost\n{address} {name}\n")
    (folder / "resolv.conf").write_text("nameserver 127.0.0.1\n")
    (folder / "sshd.conf").write_text(SSHD.format(address=address, folder=root))
    (folder / "home" / ".bashrc").write_text(BASHRC.format(path=VENV_BIN, cache=_cache()))
    (folder / "home" / ".profile").write_text(". ~/.bashrc\n")
    return folder


def _cache() -> Path:
    """Return the folder of fetched pictures and weights, for which the hosts have no network."""
    return Path(os.environ.get("TLDMI_SWEEP_CACHE", Path.home() / ".cache" / "tldmi-sweep"))


def _first_process(name: str, folder: Path, space: str) -> "subprocess.Popen[bytes]":
    needed = (path for path in (ROOT, VENV_BIN.parent, _cache()) if path.is_relative_to("/tmp"))
    places = ((path, folder / "tmp" / path.relative_to("/tmp")) for path in needed)
    kept = "\n".join(f"mkdir -p {place}; mount --bind {path} {place}" for path, place in places)
    init = INIT.format(name=name, home=folder / "home", sshd="/usr/sbin/sshd", kept=kept)
    own = ["unshare", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child", "--mount-proc"]
    command = ["setpriv", "--pdeathsig", "KILL", "ip", "netns", "exec", space, *own, "bash", "-c", init]
    with (folder / "init.log").open("wb") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def _connect(space: str, bridge: str, outside: str, address: str) -> None:
    """Make a network namespace whose ``eth0`` is plugged into the bridge."""
    _ip("netns", "add", space)
    _ip("link", "add", outside, "type", "veth", "peer", "name", "eth0", "netns", space)
    _ip("link", "set", outside, "master", bridge, "up")
    _ip("-n", space, "addr", "add", address, "dev", "eth0")
    for device in ("eth0", "lo"):
        _ip("-n", space, "link", "set", device, "up")
    # Ray takes the address from which it would reach the world for its own; nothing answers there.
    _ip("-n", space, "route", "add", "default", "dev", "eth0")


def _remove(tag: str) -> None:
    """Remove the namespaces and the bridge of a laboratory whose processes are gone."""
    for space in _spaces():
        if space.startswith(f"{tag}-"):
            _ip("netns", "del", space)
    if Path(f"/sys/class/net/b{tag}").exists():
        _ip("link", "del", f"b{tag}")


def _remove_abandoned() -> None:
    """Remove what tests left that were killed: their hosts have ended with them."""
    bridges = [path.name.removeprefix("b") for path in Path("/sys/class/net").glob(f"b{PREFIX}*")]
    folders = list(HOME.glob(f"{PREFIX}*-*"))
    tags = {name.split("-")[0] for name in (*bridges, *_spaces(), *(folder.name for folder in folders))}
    for tag in tags:
        if (
            re.fullmatch(f"{PREFIX}[0-9a-f]+", tag)
            and not Path(f"/proc/{int(tag[len(PREFIX) :], 16)}").exists()
        ):
            _remove(tag)
            for folder in folders:
                if folder.name.startswith(f"{tag}-"):
                    shutil.rmtree(folder, ignore_errors=True)


def _spaces() -> list[str]:
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    return [line.split()[0] for line in listed.splitlines()]


def _free_network() -> str:
    """Return the first three parts of a private network that this machine has no route into."""
    routes = subprocess.run(["ip", "-4", "route"], capture_output=True, text=True, check=True).stdout
    start = os.getpid() % 200
    candidates = (f"10.231.{(start + step) % 250}" for step in range(250))
    return next(network for network in candidates if f"{network}." not in routes)


def wait_for_port(address: str, port: int) -> None:
    """Return once something answers there."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection((address, port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, f"nothing answers at {address}:{port}"
            time.sleep(0.1)
        else:
            return


def _keygen(path: Path) -> None:
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)]
    subprocess.run(command, check=True, capture_output=True)


def _ip(*words: str) -> None:
    command: Sequence[str] = ["ip", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
