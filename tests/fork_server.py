"""Be the process from which `forks.run` forks: all is imported that the tests' programs import,
but of pluggrad nothing.

    python tests/fork_server.py DESCRIPTOR [MODULE ...]

Where modules are named, these are imported instead. A request is a line of JSON with the
descriptors for standard output and error; the answers are the process's id, and how it ended.
"""

import array
import gc
import importlib
import json
import linecache
import os
import runpy
import socket
import sys
import types
import warnings
from importlib.machinery import SourceFileLoader

# Plugins that are installed here import pluggrad, so what is no part of Python is named.
KNOWN = sys.stdlib_module_names | {"graphviz", "hypothesis", "mpmath", "networkx"}
KNOWN |= {"pluggy", "sortedcontainers"}
SCOUTED = """
import pluggrad, pluggrad.cli, pluggrad.testing
y = (pluggrad.Value(2.0, label="x") * 3.0).tanh()
for name in ("text", "svg", "json", "mermaid", "latex", "html", "dot"):
    pluggrad.render(y, name)
"""


def import_others():
    """Import what a process imports for pluggrad, and which is not of it; return all files."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        exec(SCOUTED, {})
        files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
        os.write(writing, json.dumps(files).encode())
        os._exit(0)
    os.close(writing)
    with open(reading) as names:
        files = json.load(names)
    for name in files:
        if name.partition(".")[0] in KNOWN:
            importlib.import_module(name)
    assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
    assert "pluggrad" not in sys.modules
    return files


def keep_code(files):
    """Read the code of pluggrad's files once; each fork runs it anew."""
    read = SourceFileLoader.get_code
    kept = {
        file: read(SourceFileLoader(name, file), name)
        for name, file in files.items()
        if name.partition(".")[0] == "pluggrad"
    }
    SourceFileLoader.get_code = lambda loader, name: kept.get(loader.path) or read(loader, name)


def receive(connection):
    """Return a request and its two descriptors; None at the end."""
    text, ancillary, *_ = connection.recvmsg(
        1 << 20, socket.CMSG_LEN(2 * array.array("i").itemsize)
    )
    if not text:
        return None
    descriptors = array.array("i")
    for _, _, found in ancillary:
        descriptors.frombytes(found)
    return json.loads(text), list(descriptors)


def serve(connection):
    """Fork for each request; return in the child, with what it is to run."""
    while request := receive(connection):
        asked, (out, err) = request
        child = os.fork()
        if child == 0:
            connection.close()
            os.dup2(out, 1)
            os.dup2(err, 2)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.closerange(3, max(out, err) + 1)
            return asked
        os.close(out)
        os.close(err)
        connection.send(json.dumps(child).encode())
        connection.send(json.dumps(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
    return None


def become(asked):
    """Be as a process is that has just started."""
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    own = os.environ.get("PYTHONPATH", "")
    first = [] if asked["safe_path"] else ["" if asked["mode"] == "-c" else os.getcwd()]
    sys.path[:] = [*first, *filter(None, own.split(os.pathsep)), *sys.path[1:]]
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    for action in asked["warnings"]:
        sys.warnoptions.append(action)
        warnings.simplefilter(action)
    sys.modules["__main__"] = types.ModuleType("__main__")
    importlib.invalidate_caches()


def run(mode, what, arguments):
    """Run a program or a module with arguments."""
    sys.argv[:] = [mode, *arguments]
    if mode == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        if sys.version_info[:2] == (3, 13):  # which shows lines of such a program in warnings
            linecache.cache["<string>"] = len(what), None, what.splitlines(True), "<string>"
        exec(compile(what, "<string>", "exec"), vars(sys.modules["__main__"]))


if __name__ == "__main__":
    descriptor, *modules = sys.argv[1:]
    if not modules:
        keep_code(import_others())
    for module in modules:
        importlib.import_module(module)
    gc.freeze()
    asked = serve(socket.socket(fileno=int(descriptor)))
    if asked is not None:
        become(asked)
        run(asked["mode"], asked["what"], asked["arguments"])
