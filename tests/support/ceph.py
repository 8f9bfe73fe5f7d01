"""A Ceph cluster of one machine with its S3 gateway, on loopback, in a temporary folder; Debian's packages.

apt install --no-install-recommends ceph-mon ceph-mgr ceph-osd radosgw ceph-common
"""

from __future__ import annotations

import base64
import contextlib
import email.utils
import hmac
import os
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
import uuid
from pathlib import Path

import pytest
from patience import until
from ports import fixed_ports
from s3_access import ACCESS_KEY, BUCKET, SECRET_KEY, s3_environment

_PROGRAMS = (
    "ceph",
    "ceph-authtool",
    "ceph-mon",
    "ceph-mgr",
    "ceph-osd",
    "monmaptool",
    "radosgw",
    "radosgw-admin",
    "curl",
)
# One copy of everything, in memory. The gateway does not start in a cluster without keys.
_CONFIGURATION = """[global]
fsid = {fsid}
mon host = v2:127.0.0.1:{mon}/0
keyring = {folder}/keyring
public network = 127.0.0.0/8
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd crush chooseleaf type = 0
mon allow pool size one = true
mon data avail crit = 1
osd objectstore = memstore
memstore device bytes = 4294967296
run dir = {folder}/run
admin socket = {folder}/run/$name.$pid.asok
log file = {folder}/$name.log
pid file = {folder}/run/$name.pid
crash dir = {folder}/run
mon data = {folder}/mon
osd data = {folder}/osd
mgr data = {folder}/mgr
mgr initial modules =
rgw data = {folder}/rgw
rgw frontends = beast endpoint=127.0.0.1:{port}
rgw dns name = 127.0.0.1
"""


class Ceph:
    """Monitor, manager, one storage daemon, the gateway."""

    def __init__(self) -> None:
        missing = [name for name in _PROGRAMS if shutil.which(name) is None]
        if missing:
            pytest.skip(f"Ceph is not installed: {', '.join(missing)} (see {Path(__file__).name})")
        # A short path: the names of its sockets have at most 107 characters.
        self.folder = Path(tempfile.mkdtemp(prefix="tfhub-ceph-"))
        for name in ("run", "mon", "osd", "mgr", "rgw"):
            (self.folder / name).mkdir()
        self.fsid = str(uuid.uuid4())
        self._mon, self.port = fixed_ports(2)
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> Ceph:
        """Starts all of it, makes a user and a bucket."""
        text = _CONFIGURATION.format(fsid=self.fsid, mon=self._mon, port=self.port, folder=self.folder)
        (self.folder / "ceph.conf").write_text(text)
        monmap = str(self.folder / "monmap")
        address = f"[v2:127.0.0.1:{self._mon}]"
        self._run("monmaptool", "--create", "--addv", "a", address, "--fsid", self.fsid, monmap)
        self._make_keys()
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap)
        self._serve("ceph-mon", "-i", "a")
        until(lambda: self._ask("ceph", "--connect-timeout", "5", "status"), "the monitor")
        self._serve("ceph-mgr", "-i", "x")
        disk = str(uuid.uuid4())
        number = self._run("ceph", "osd", "new", disk).strip()
        self._run("ceph-osd", "-i", number, "--mkfs", "--osd-uuid", disk)
        self._serve("ceph-osd", "-i", number)
        until(lambda: "1 up" in self._run("ceph", "osd", "stat"), "the storage daemon")
        self._serve("radosgw", "-n", "client.admin")
        until(self._answers, "the gateway")
        keys = (f"--access-key={ACCESS_KEY}", f"--secret-key={SECRET_KEY}")
        self._run("radosgw-admin", "user", "create", "--uid=hub", "--display-name=hub", *keys)
        until(self._make_bucket, f"the bucket {BUCKET}")
        return self

    def stop(self) -> None:
        """Kills it; nothing of it is kept."""
        for process in reversed(self._processes):
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def environment(self) -> dict[str, str]:
        """What an S3 client needs to know."""
        return s3_environment(self.port)

    def new_place(self, name: str) -> str:
        """An empty place for objects: a prefix in the bucket."""
        return f"s3://{BUCKET}/{name}"

    def _make_keys(self) -> None:
        """One file with the keys of all; the monitor takes them over, with what each may do."""
        every = ("--cap", "mon", "allow *", "--cap", "osd", "allow *", "--cap", "mgr", "allow *")
        keyring = str(self.folder / "keyring")
        self._run("ceph-authtool", keyring, "--create-keyring", "--gen-key", "-n", "mon.", *every)
        for name in ("client.admin", "mgr.x", "osd.0"):
            self._run("ceph-authtool", keyring, "--gen-key", "-n", name, *every)

    def _serve(self, program: str, *arguments: str) -> None:
        command = [program, *arguments, "-c", str(self.folder / "ceph.conf"), "-f"]
        with open(self.folder / f"{program}.out", "ab") as log:
            self._processes.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder))

    def _run(self, program: str, *arguments: str) -> str:
        command = [program, "-c", str(self.folder / "ceph.conf"), *arguments]
        if program in {"monmaptool", "ceph-authtool"}:  # which take no configuration
            command = [program, *arguments]
        environment = {**os.environ, "CEPH_CONF": str(self.folder / "ceph.conf")}
        result = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=120, check=False
        )
        if result.returncode:
            raise RuntimeError(f"{program}: {result.stdout[-2000:]}{result.stderr[-2000:]}")
        return result.stdout

    def _ask(self, program: str, *arguments: str) -> bool:
        try:
            self._run(program, *arguments)
        except (RuntimeError, subprocess.TimeoutExpired):
            return False
        return True

    def _answers(self) -> bool:
        for process in self._processes:
            if process.poll() is not None:
                raise RuntimeError(f"{process.args} ended: see {self.folder}")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=10)
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    def _make_bucket(self) -> bool:
        """Stores have no word for this: one request, signed in the old and simple way of S3."""
        date = email.utils.formatdate(usegmt=True)
        text = f"PUT\n\n\n{date}\n/{BUCKET}".encode()
        signature = base64.b64encode(hmac.digest(SECRET_KEY.encode(), text, "sha1")).decode()
        headers = {"Date": date, "Authorization": f"AWS {ACCESS_KEY}:{signature}"}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/{BUCKET}", headers=headers, method="PUT"
        )
        with contextlib.suppress(urllib.error.URLError):
            return bool(urllib.request.urlopen(request, timeout=30).status == 200)
        return False
