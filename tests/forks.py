"""Fresh processes that are there at once: forks of one that has imported all but pluggrad.

What a test asks of a new process is that nothing of pluggrad is loaded in it, and that it has its
own folder, environment and path. Starting Python and importing the libraries takes most of the time
and adds nothing. Where that is what is tested, `subprocess.run` starts a process as ever.
"""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path

SERVER = Path(__file__).with_name("fork_server.py")
# Of what Python reads as it starts, a fork can heed these, or need not.
HEEDED = {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONHASHSEED"}
BUSY = set()  # connections to servers that wait for a fork
# What pytest imports, and pluggrad's kit in it; it makes up most of a short run.
OF_PYTEST = ("pytest", "hypothesis", "hypothesis.strategies", "mpmath", "networkx", "numba")
UNCHANGED = "ignore:Module already imported so cannot:pytest.PytestAssertRewriteWarning"


def run(command, *, cwd=None, env=None, timeout=None, check=False, imported=()):
    """Run `python [-P] [-W ACTION] -c PROGRAM | -m MODULE, arguments`, as `subprocess.run` does.

    Text of standard output and error is captured. What is named in `imported` is there beforehand,
    for programs to which it makes no difference.
    """
    process = start(command, cwd=cwd, env=env, imported=imported)
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    done = subprocess.CompletedProcess(command, process.returncode, out, err)
    if check:
        done.check_returncode()
    return done


def run_pytest(*arguments, cwd=None, env=None):
    """Run pytest; of itself and of the libraries that the kit uses all is imported beforehand."""
    command = [sys.executable, "-m", "pytest", "-W", UNCHANGED, *arguments]
    imported = tuple(name for name in OF_PYTEST if find_spec(name.partition(".")[0]))
    return run(command, cwd=cwd, env=env, imported=imported)


def start(command, *, cwd=None, env=None, imported=()):
    """Start a process, as `subprocess.Popen` does; text of standard output and error is captured.

    A server has one fork at a time: another one beside it is a new process.
    """
    env = dict(os.environ if env is None else env)
    asked = _request([str(word) for word in command], cwd, env)
    connection = asked and _connection(env.get("PYTHONHASHSEED", ""), *imported)
    if asked is None or connection in BUSY:
        return subprocess.Popen(
            command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
    return Fork(command, asked, connection)


class Fork:
    """A forked process; what there is of `subprocess.Popen` to wait for one and to end it."""

    returncode = None

    def __init__(self, command, asked, connection):
        self.args, self.connection = command, connection
        self.files = [tempfile.TemporaryFile() for _ in range(2)]  # noqa: SIM115 - until it ends
        descriptors = [file.fileno() for file in self.files]
        socket.send_fds(connection, [json.dumps(asked).encode()], descriptors)
        self.pid = json.loads(connection.recv(100))
        BUSY.add(connection)

    def communicate(self, timeout=None):
        """Wait for its end; return what it wrote to standard output and error."""
        self.connection.settimeout(timeout)
        try:
            self.returncode = json.loads(self.connection.recv(100))
        except TimeoutError:
            raise subprocess.TimeoutExpired(self.args, timeout) from None
        finally:
            self.connection.settimeout(None)
        BUSY.remove(self.connection)
        texts = [_text(file) for file in self.files]
        for file in self.files:
            file.close()
        return texts

    def kill(self):
        """End it at once."""
        os.kill(self.pid, signal.SIGKILL)


def _request(command, cwd, env):
    """Say what a fork is to do; None where only a new process is the same."""
    if not hasattr(os, "fork") or not _of_python(env) <= HEEDED:
        return None
    python, *rest = command
    safe_path, actions = False, []
    while rest[0] not in ("-c", "-m"):
        option = rest.pop(0)
        if option == "-P":
            safe_path = True
        elif option == "-W":
            actions.append(rest.pop(0))
        else:
            return None
    mode, what, *arguments = rest
    return None if python != sys.executable else {
        "cwd": str(cwd or os.getcwd()), "env": env, "safe_path": safe_path, "warnings": actions,
        "mode": mode, "what": what, "arguments": arguments,
    }  # fmt: skip


def _of_python(env):
    """List the variables that Python reads as it starts."""
    # `make PYTHON=python3.13` hands on a PYTHON that is none of them.
    return {name for name in env if name.startswith("PYTHON")} - {"PYTHON"}


@cache
def _connection(seed, *imported):
    """Start a server with a hash seed; no setting of the test that is first to ask reaches it."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PLUGGRAD"))}
    if seed:
        env["PYTHONHASHSEED"] = seed
    command = [sys.executable, SERVER, str(there.fileno()), *imported]
    with there:
        server = subprocess.Popen(command, cwd=SERVER.parent, env=env, pass_fds=[there.fileno()])
    atexit.register(server.wait)
    atexit.register(here.close)
    return here


def _text(file):
    file.seek(0)
    return file.read().decode()
