"""Every renderer on graphs of every size: time, size of the result, peak memory, beside its peer.

    python benchmarks/render.py                  # 25 to 100,000 nodes: half an hour
    python benchmarks/render.py --short          # 25 and 2,000 nodes: less than a minute
    python benchmarks/render.py --only svg text  # some renderers

Each renderer with its own settings draws a network (MLP), a chain and a fan (one value used by
every step). Peers do the nearest thing they can with the same graph, in the same run:

    Graphviz            lays out our DOT source and writes SVG: `dot`, else the WebAssembly package
    micrograd draw_dot  what micrograd's notebook does: a recursive walk into a Digraph
    networkx text       networkx.generate_network_text
    networkx json       node_link_data, written by json
    networkx graphml    generate_graphml
    networkx draw       multipartite_layout and networkx.draw on a matplotlib figure, as PNG

Each case runs in a forked process of at most 4 GB: a crash or a timeout is a line in the table.
Memory is what that process took on top of the graph, or a program that it started where that took
more than all of this one. Libraries are imported before. Times are the least of three where they
are short. A peer that fails is not tried on larger graphs. Growth is the exponent of time and size
from the second largest graph to the largest: 1 is linear, 0 is a result of constant size.

At the end every renderer draws a chain 200,000 deep and has to be complete or say what it left out.
Exit code 1 where one of ours fails, takes too long, or leaves out nodes and does not say so.
"""

from __future__ import annotations

import argparse
import gc
import io
import json
import math
import os
import pickle
import re
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from layout import chain, fan, mlp
from pluggrad import Graph, Value, plugins, render
from pluggrad.renderers.graphviz.engines import ENGINES, lay_out

SHAPES: dict[str, Callable[[int], Graph]] = {"mlp": mlp, "chain": chain, "fan": fan}
SIZES = (25, 2_000, 10_000, 100_000)
SHORT = (25, 2_000)
DEPTH = 200_000
MEMORY = 4 << 30  # bytes that one case may take
LAYERED = {"engine": "layered", "max_nodes": None}


class Result(NamedTuple):
    """What one case took: seconds, characters or bytes, and bytes of memory; or why it failed."""

    seconds: float = math.nan
    size: int = 0
    memory: int = 0
    failure: str = ""
    said: str = ""


# ----- Ours -----


class Contender(NamedTuple):
    """A renderer with its options, and who does the nearest thing."""

    renderer: str
    options: dict[str, Any]
    peer: str


def contenders() -> dict[str, Contender]:
    """Return every renderer that comes with pluggrad."""
    peers = {
        "text": "networkx text",
        "json": "networkx json",
        "graphml": "networkx graphml",
        "gexf": "networkx graphml",
        "dot": "micrograd draw_dot",
        "graphviz": "micrograd draw_dot",
        "svg": "Graphviz",
        "matplotlib": "networkx draw",
    }
    own = [
        kind.name
        for plugin in plugins
        if plugin.name.startswith("pluggrad.")
        for kind in plugin.renderers
    ]
    found = {name: Contender(name, {}, peers.get(name, "")) for name in own}
    found["svg, every node"] = Contender("svg", LAYERED, "Graphviz")
    return dict(sorted(found.items()))


def form(drawn: Any) -> str | bytes:
    """Return the result as text or bytes; a figure is drawn, a Digraph gives its source."""
    if isinstance(drawn, str | bytes):
        return drawn
    if hasattr(drawn, "source"):
        return str(drawn.source)
    if hasattr(drawn, "savefig"):
        file = io.BytesIO()
        drawn.savefig(file, format="png")
        return file.getvalue()
    return pickle.dumps(drawn)


def drawing(contender: Contender, graph: Graph) -> Callable[[], str | bytes]:
    return lambda: form(render(graph, contender.renderer, **contender.options))


# ----- Peers -----


def graphviz(graph: Graph, timeout: float) -> str | bytes:
    source = render(graph, "dot", derivatives=False)
    return lay_out(source, "svg", tuple(ENGINES), timeout)[0]


def micrograd(graph: Graph, timeout: float) -> str:
    """Build the graph of micrograd's Values first, then draw it as its notebook does."""
    from graphviz import Digraph
    from micrograd.engine import Value as Theirs

    made: dict[str, Any] = {}
    for node in graph.nodes:
        operands = tuple(made[x] for x in graph.operands[node.id])
        made[node.id] = Theirs(node.data, operands, node.symbol or "")
    drawn = Digraph(format="svg", graph_attr={"rankdir": "LR"})
    seen: set[Any] = set()

    def walk(value: Any) -> None:
        if value in seen:
            return
        seen.add(value)
        own = str(id(value))
        drawn.node(own, f"{{ data {value.data:.4f} | grad {value.grad:.4f} }}", shape="record")
        if value._op:
            drawn.node(own + value._op, value._op)
            drawn.edge(own + value._op, own)
        for operand in value._prev:
            walk(operand)
            drawn.edge(str(id(operand)), own + value._op)

    for output in graph.outputs:
        walk(made[output])
    return str(drawn.source)


def _network(graph: Graph) -> Any:
    return render(graph, "networkx")


def network_text(graph: Graph, timeout: float) -> str:
    import networkx

    return "\n".join(networkx.generate_network_text(_network(graph), sources=["n0"]))


def network_json(graph: Graph, timeout: float) -> str:
    import networkx

    return json.dumps(networkx.node_link_data(_network(graph), edges="edges"))


def network_graphml(graph: Graph, timeout: float) -> str:
    import networkx

    return "\n".join(networkx.generate_graphml(_network(graph)))


def network_draw(graph: Graph, timeout: float) -> bytes:
    import networkx
    from matplotlib.figure import Figure

    drawn = _network(graph)
    for number, layer in enumerate(networkx.topological_generations(drawn)):
        for id in layer:
            drawn.nodes[id]["layer"] = number
    figure = Figure()
    places = networkx.multipartite_layout(drawn, subset_key="layer")
    networkx.draw(drawn, places, ax=figure.add_subplot(), with_labels=True)
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


PEERS: dict[str, Callable[[Graph, float], str | bytes]] = {
    "Graphviz": graphviz,
    "micrograd draw_dot": micrograd,
    "networkx text": network_text,
    "networkx json": network_json,
    "networkx graphml": network_graphml,
    "networkx draw": network_draw,
}


def import_all() -> None:
    """Import what contenders import, and draw once, so that no case pays for another's imports."""
    graph = chain(5)
    for name, contender in contenders().items():
        if name != "svg":  # it starts another program
            drawing(contender, graph)()
    for name, work in PEERS.items():
        if name != "Graphviz":
            work(graph, 10.0)


# ----- Measuring -----


def measured(work: Callable[[], str | bytes], timeout: float, judge: Any = None) -> Result:
    """Do the work in a forked process, which may crash or be killed; tell what it took."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        os.setsid()  # so that what it starts ends with it
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        try:
            result = _worked(work, judge)
        except BaseException as cause:
            told = " ".join(str(cause).split())
            result = Result(failure=f"{type(cause).__name__}: {told:.60}".strip(": "))
        os.write(writer, pickle.dumps(tuple(result)))
        os._exit(0)
    os.close(writer)
    ready, _, _ = select.select([reader], [], [], timeout)
    if not ready:
        with suppress(ProcessLookupError):  # it has not got to os.setsid()
            os.killpg(child, signal.SIGKILL)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    answer = os.read(reader, 65536) if ready else b""
    os.close(reader)
    if not ready:
        return Result(failure=f"more than {timeout:g} s")
    if not answer:
        return Result(failure=f"crashed ({signal.Signals(os.WTERMSIG(status)).name})")
    return Result(*pickle.loads(answer))


def _worked(work: Callable[[], str | bytes], judge: Any) -> Result:
    gc.collect()
    before = _reset_peak()
    least, runs, start = math.inf, 0, time.perf_counter()
    while runs < 3 and time.perf_counter() - start < 0.5:
        begun = time.perf_counter()
        drawn = work()
        least = min(least, time.perf_counter() - begun)
        if not runs:
            peak = _status("VmHWM")
            # Linux counts what a program's parent had before it became that program.
            others = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
            memory = max(peak - before, others if others > 1.05 * peak else 0)
        runs += 1
    return Result(least, len(drawn), memory, said=judge(drawn) if judge else "")


def _reset_peak() -> int:
    """Forget the peak of memory so far, and give what is in use."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    return _status("VmRSS")


def _status(name: str) -> int:
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    return 0


# ----- Tables -----


def one_size(
    shape: str, size: int, chosen: dict[str, Contender], timeout: float, slow: dict[Any, int]
) -> Iterator[Any]:
    """Measure all contenders, and each peer once unless it is known to be slow; print lines."""
    graph = SHAPES[shape](size)
    gc.freeze()  # so that a forked process does not copy the graph when it collects
    wanted = {contender.peer for contender in chosen.values()} - {""}
    peers = {}
    for name in [name for name in PEERS if name in wanted]:
        if (name, shape) in slow:
            failed = f"not tried: it failed at {slow[name, shape]:,} nodes"
            peers[name] = Result(failure=failed)
            continue
        peers[name] = measured(lambda name=name: PEERS[name](graph, timeout), timeout + 1)
        if peers[name].failure:
            slow[name, shape] = len(graph)
    for name, result in peers.items():
        print(line(shape, len(graph), f"({name})", result, ""), flush=True)
    for name, contender in chosen.items():
        result = measured(drawing(contender, graph), 2 * timeout + 60)
        peer = peers.get(contender.peer)
        print(line(shape, len(graph), name, result, ratio(result, peer, timeout)), flush=True)
        yield name, len(graph), result
    gc.unfreeze()


HEAD = (
    f"{'graph':6}{'nodes':>9}  {'renderer, or (peer)':22}{'s':>9}{'us/node':>9}{'size kB':>11}"
    f"{'peak MB':>9}  time, of the peer's"
)


def line(shape: str, nodes: int, name: str, result: Result, beside: str) -> str:
    start = f"{shape:6}{nodes:9,}  {name:22}"
    if result.failure:
        return f"{start}  {result.failure}"
    return (
        f"{start}{result.seconds:9.3f}{result.seconds / max(nodes, 1) * 1e6:9.1f}"
        f"{result.size / 1e3:11,.1f}{result.memory / 1e6:9.1f}  {beside}"
    )


def ratio(result: Result, peer: Result | None, timeout: float) -> str:
    if peer is None or result.failure:
        return ""
    if peer.failure.startswith("more than"):
        return f"< {result.seconds / timeout:.3f}"
    return "the peer failed" if peer.failure else f"{result.seconds / peer.seconds:.3f}"


def growth(found: dict[tuple[str, str], list[tuple[int, Result]]]) -> None:
    """Print by which power of the nodes time and size grow."""
    print(f"\n{'growth: exponent of time / of size':36}" + "".join(f"{s:>16}" for s in SHAPES))
    for name in dict.fromkeys(name for name, _ in found):
        cells = []
        for shape in SHAPES:
            right = [(n, r) for n, r in found.get((name, shape), []) if not r.failure]
            if len(right) < 2:
                cells.append("-")
                continue
            (small, a), (large, b) = right[-2:]
            step = math.log(large / small)
            times, sizes = math.log(b.seconds / a.seconds), math.log(b.size / a.size)
            cells.append(f"{times / step:.2f} / {sizes / step:.2f}")
        print(f"{name:36}" + "".join(f"{cell:>16}" for cell in cells))


# ----- The deepest chain -----

LEFT_OUT = re.compile(rb"[\d,]+ of [\d,]+ (nodes|lines) left out|[\d,]+ nodes in [\d,]+: groups")


def said(drawn: str | bytes) -> str:
    """Tell what a result says about what it left out; "complete" where it has every node."""
    data = drawn.encode("utf-8", "replace") if isinstance(drawn, str) else drawn
    found = LEFT_OUT.search(data)
    if found:
        return found[0].decode()
    missing = DEPTH + 1 - len(set(re.findall(rb"\bn\d+\b", data)))
    return f"SILENT about {missing:,} nodes" if missing else "complete"


def judged(contender: Contender, graph: Graph) -> Callable[[], str | bytes]:
    """Draw; of what is no text take what can be read of it."""

    def work() -> str | bytes:
        drawn = render(graph, contender.renderer, **contender.options)
        if hasattr(drawn, "savefig"):
            return " ".join(text.get_text() for text in drawn.texts)
        return " ".join(drawn.nodes) if hasattr(drawn, "nodes") else form(drawn)

    return work


def deepest(chosen: dict[str, Contender]) -> bool:
    x = Value(0.5, label="x")
    for _ in range(DEPTH):
        x = x.tanh()
    graph = Graph(x)
    gc.freeze()
    print(f"\na chain {DEPTH:,} deep       s  peak MB  says")
    right = True
    for name, contender in chosen.items():
        result = measured(judged(contender, graph), 600, said)
        right &= not result.failure and not result.said.startswith("SILENT")
        told = result.failure or (
            f"{result.seconds:8.2f} {result.memory / 1e6:8.0f}  {result.said}"
        )
        print(f"{name:20} {told}", flush=True)
    return right


def main() -> int:
    """Print the tables; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="25 and 2,000 nodes")
    parser.add_argument("--only", nargs="+", help="names of renderers")
    parser.add_argument("--nodes", type=int, nargs="+", help="sizes of the graphs")
    parser.add_argument("--timeout", type=float, help="seconds for a peer (60; short: 4)")
    given = parser.parse_args()
    if not os.path.exists("/proc/self/clear_refs"):
        print("nothing measured: memory is read from Linux's /proc, which is not here")
        return 0
    chosen = {
        name: contender
        for name, contender in contenders().items()
        if not given.only or contender.renderer in given.only
    }
    if not chosen:
        parser.error(f"no such renderer; available: {', '.join(contenders())}")
    timeout = given.timeout or (4.0 if given.short else 60.0)
    found: dict[tuple[str, str], list[tuple[int, Result]]] = {}
    slow: dict[Any, int] = {}
    import_all()
    print(HEAD)
    for size in given.nodes or (SHORT if given.short else SIZES):
        for shape in SHAPES:
            for name, nodes, result in one_size(shape, size, chosen, timeout, slow):
                found.setdefault((name, shape), []).append((nodes, result))
    growth(found)
    right = not any(result.failure for rows in found.values() for _, result in rows)
    if not given.short:
        right &= deepest(chosen)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
