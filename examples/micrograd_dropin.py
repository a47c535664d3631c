"""Programs written for micrograd, with nothing changed but the import.

    python examples/micrograd_dropin.py [--short]

First the expression of its README, then a training loop as in its demo, then the function that
draws a graph with the package graphviz. Each uses micrograd's interface only. The output says what
micrograd 0.1.0 gives.
"""

import argparse
import random

# These two lines said micrograd.engine and micrograd.nn.
from pluggrad import Value
from pluggrad.nn import MLP

parser = argparse.ArgumentParser(description="Programs written for micrograd.")
parser.add_argument("--short", action="store_true", help="5 training steps instead of 30")
steps = 5 if parser.parse_args().short else 30

# ----- The expression -----

a = Value(-4.0)
b = Value(2.0)
c = a + b
d = a * b + b**3
c += c + 1
c += 1 + c + (-a)
d += d * 2 + (b + a).relu()
d += 3 * d + (b - a).relu()
e = c - d
f = e**2
g = f / 2.0
g += 10.0 / f
print(f"{g.data:.4f}  (micrograd: 24.7041)")
g.backward()
print(f"{a.grad:.4f}  (micrograd: 138.8338)")
print(f"{b.grad:.4f}  (micrograd: 645.5773)")

# ----- The training loop -----

random.seed(1337)
X = [[random.uniform(-1, 1), random.uniform(-1, 1)] for _ in range(30)]
y = [1 if x0 * x1 > 0 else -1 for x0, x1 in X]
model = MLP(2, [8, 8, 1])
print(f"\n{model.layers[2]}, {len(model.parameters())} parameters")

for k in range(steps):
    scores = [model(list(map(Value, xrow))) for xrow in X]
    losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(y, scores, strict=True)]
    data_loss = sum(losses) * (1.0 / len(losses))
    reg_loss = 1e-4 * sum(p * p for p in model.parameters())
    total_loss = data_loss + reg_loss
    accuracy = [(yi > 0) == (scorei.data > 0) for yi, scorei in zip(y, scores, strict=True)]

    model.zero_grad()
    total_loss.backward()
    learning_rate = 1.0 - 0.9 * k / steps
    for p in model.parameters():
        p.data -= learning_rate * p.grad
    if k % 5 == 4:
        print(f"step {k + 1:2} loss {total_loss.data:.6f}, accuracy {sum(accuracy) / len(y):.0%}")

# ----- The drawing -----


def trace(root):
    nodes, edges = set(), set()

    def build(v):
        if v not in nodes:
            nodes.add(v)
            for child in v._prev:
                edges.add((child, v))
                build(child)

    build(root)
    return nodes, edges


def draw_dot(root):
    from graphviz import Digraph

    dot = Digraph(format="svg", graph_attr={"rankdir": "LR"})
    nodes, edges = trace(root)
    for n in nodes:
        uid = str(id(n))
        dot.node(uid, label=f"{{ data {n.data:.4f} | grad {n.grad:.4f} }}", shape="record")
        if n._op:
            dot.node(uid + n._op, label=n._op)
            dot.edge(uid + n._op, uid)
    for n1, n2 in edges:
        dot.edge(str(id(n1)), str(id(n2)) + n2._op)
    return dot


dot = draw_dot(g)
dot.save("dropin.dot")
print(f"\ndrawn: dropin.dot, {len(dot.body)} lines")
