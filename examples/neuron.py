"""One neuron: tanh(x1 w1 + x2 w2 + b), its gradients, and its picture.

python examples/neuron.py [--svg graph.svg]
"""

from __future__ import annotations

import argparse

from pluggrad import Value, draw_dot, render


def neuron() -> Value:
    """Compute the neuron and its gradients."""
    x1, x2 = Value(2.0, label="x1"), Value(0.0, label="x2")
    w1, w2 = Value(-3.0, label="w1"), Value(1.0, label="w2")
    b = Value(6.881373587019543, label="b")
    o = (x1 * w1 + x2 * w2 + b).tanh()
    o.label = "o"
    o.backward()
    return o


def main() -> None:
    parser = argparse.ArgumentParser(description="One neuron, its gradients, and its picture.")
    parser.add_argument("--svg", default="graph.svg", help="where to draw it")
    path = parser.parse_args().svg
    o = neuron()
    print(render(o, "text"))
    print(f"\n{draw_dot(o, path)}: the same as a picture")


if __name__ == "__main__":
    main()
