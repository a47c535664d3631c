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
from pathlib import Path

SERVER = Path(__file__).with_name("fork_server.py")
# Of what Python reads as it starts, a fork can heed these, or need not.
HEEDED = {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}


def run(command, *, cwd=None, env=None, timeout=None, check=False):
    """Run `python [-P] [-W ACTION] -c PROGRAM | -m MODULE, arguments`, as `subprocess.run` does.

    Text of standard output and error is captured.
    """
    asked = _request([str(word) for word in command], cwd, dict(os.environ if env is None else env))
    if asked is None:
        return subprocess.run(
            command, cwd=cwd, env=env, timeout=timeout, check=check, capture_output=True, text=True
        )
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        code = _code(asked, out, err, timeout, command)
        texts = [_text(file) for file in (out, err)]
    done = subprocess.CompletedProcess(command, code, *texts)
    if check:
        done.check_returncode()
    return done


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
    return {name for name in env if name.startswith("PYTHON")}


@cache
def _connection():
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    env = {name: os.environ[name] for name in os.environ.keys() - _of_python(os.environ)}
    with there:
        server = subprocess.Popen(
            [sys.executable, SERVER, str(there.fileno())], env=env, pass_fds=[there.fileno()]
        )
    atexit.register(server.wait)
    atexit.register(here.close)
    return here


def _code(asked, out, err, timeout, command):
    connection = _connection()
    socket.send_fds(connection, [json.dumps(asked).encode()], [out.fileno(), err.fileno()])
    child = json.loads(connection.recv(100))
    connection.settimeout(timeout)
    try:
        return json.loads(connection.recv(100))
    except TimeoutError:
        os.kill(child, signal.SIGKILL)
        connection.settimeout(None)
        connection.recv(100)
        raise subprocess.TimeoutExpired(command, timeout) from None
    finally:
        connection.settimeout(None)


def _text(file):
    file.seek(0)
    return file.read().decode()
