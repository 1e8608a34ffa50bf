"""Real servers for tests, from Debian's packages, on sockets and ports of their own."""

import contextlib
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from own_projects import LONGEST

SECRET = "a:secret/word"  # noqa: S105 - of servers that live for one test
QUOTED_SECRET = "a%3Asecret%2Fword"  # noqa: S105 - as above

NEEDS = {
    "postgresql": ("initdb", "psycopg"),
    "redis": ("redis-server", "redis"),
    "mysql": ("mariadbd", "pymysql"),
}
"""The program and the driver of each kind of server."""
_ATTEMPTS = 5


def program(name):
    """Return the path of a server's program, or None if it is not installed."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return found or (str(debian[-1]) if debian else None)


def why_not(kind):
    """Return why a kind of server cannot be tested here; empty if it can."""
    if kind not in NEEDS:
        return ""
    server, driver = NEEDS[kind]
    if program(server) is None:
        return f"no {server} is installed here"
    return "" if has_driver(kind) else f"the driver {driver} is not installed"


def has_driver(kind):
    """Return whether a kind of server could be spoken to, if there were one."""
    return importlib.util.find_spec(NEEDS[kind][1]) is not None


def _as_user(name, folder):
    """Return how to start a server that refuses to run as root: as that user, who gets the folder."""
    if os.getuid() != 0:
        return {}
    user = pwd.getpwnam(name)
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": folder}


@contextlib.contextmanager
def _folder():
    # Not pytest's own folder: the path of a socket has at most 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="qgtune-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def wait_for(answers, process):
    """Wait until a server answers; return whether it has not ended before."""
    deadline = time.monotonic() + LONGEST
    while not answers():
        if process.poll() is not None:
            return False
        assert time.monotonic() < deadline, "the server does not answer"
        time.sleep(0.05)
    return True


@contextlib.contextmanager
def running(command, **user):
    """Start a process that serves; end it afterwards."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **user)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(LONGEST)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


@contextlib.contextmanager
def postgresql():
    """Start a PostgreSQL server on a socket; yield the URL of its empty database ``studies``."""
    with _folder() as folder:
        user = _as_user("postgres", folder)
        (folder / "password").write_text(SECRET)
        (folder / "password").chmod(0o644)
        data, environment = folder / "data", {**os.environ, "PGPASSWORD": SECRET}
        make = ["-D", data, "-A", "scram-sha-256", f"--pwfile={folder / 'password'}", "-U", "qgtune"]
        subprocess.run(
            [program("initdb"), *make, "-E", "UTF8", "--no-sync"],
            check=True,
            stdout=subprocess.DEVNULL,
            **user,
        )
        settings = ["-c", "listen_addresses=", "-c", "fsync=off", "-k", folder]
        with running([program("postgres"), "-D", data, *settings], **user) as server:
            ready = [program("pg_isready"), "-q", "-h", folder]
            assert wait_for(lambda: subprocess.run(ready, check=False).returncode == 0, server)
            create = [program("createdb"), "-h", folder, "-U", "qgtune", "studies"]
            subprocess.run(create, check=True, env=environment)
            yield f"postgresql://qgtune:{QUOTED_SECRET}@/studies?host={folder}"


def free_port():
    """Return a port of this host that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def on_a_free_port(command, answers, **user):
    """Start a server; yield its port, another one where somebody else has taken the first meanwhile."""
    with contextlib.ExitStack() as servers:
        for _ in range(_ATTEMPTS):
            port = free_port()
            server = servers.enter_context(running(command(port), **user))
            if wait_for(lambda port=port: answers(port), server):
                break
        else:
            raise AssertionError("the server has ended each time")
        yield port


@contextlib.contextmanager
def redis():
    """Start a Redis server on a free port; yield its URL."""
    import redis as driver

    def answers(port):
        with contextlib.suppress(driver.RedisError):
            return driver.Redis.from_url(url(port)).ping()
        return False

    def url(port):
        return f"redis://:{QUOTED_SECRET}@127.0.0.1:{port}/0"

    options = ["--bind", "127.0.0.1", "--save", "", "--requirepass", SECRET]
    with _folder() as folder:
        command = [program("redis-server"), *options, "--dir", folder, "--port"]
        with on_a_free_port(lambda port: [*command, str(port)], answers) as port:
            yield url(port)


@contextlib.contextmanager
def mysql():
    """Start a MariaDB server on a free port; yield the URL of its empty database ``studies``."""
    import pymysql

    with _folder() as folder:
        user = _as_user("mysql", folder)
        data = folder / "data"
        install = [program("mariadb-install-db"), "--no-defaults", f"--datadir={data}", "--skip-test-db"]
        subprocess.run(install, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **user)
        (folder / "start.sql").write_text(
            "create database studies;\n"
            f"create user qgtune@'127.0.0.1' identified by '{SECRET}';\n"
            "grant all on studies.* to qgtune@'127.0.0.1';\n"
        )
        options = [
            f"--datadir={data}",
            f"--socket={folder / 's'}",
            "--bind-address=127.0.0.1",
        ]
        start = [*options, f"--init-file={folder / 'start.sql'}", f"--pid-file={folder / 'pid'}"]
        command = [program("mariadbd"), "--no-defaults", *start]

        def answers(port):
            with contextlib.suppress(pymysql.MySQLError):
                connection = pymysql.connect(
                    host="127.0.0.1", port=port, user="qgtune", password=SECRET, database="studies"
                )
                connection.close()
                return True
            return False

        with on_a_free_port(lambda port: [*command, f"--port={port}"], answers, **user) as port:
            yield f"mysql://qgtune:{QUOTED_SECRET}@127.0.0.1:{port}/studies"
