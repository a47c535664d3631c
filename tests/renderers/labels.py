"""Labels that break renderers, and the seed's neuron to draw."""

from __future__ import annotations

from pluggrad import Value

ATTACKS = {
    "tags": "<b>bold</b>",
    "script": "<script>alert(1)</script>",
    "handler": '"><img src=x onerror=alert(1)>',
    "closing": "</text></svg><script>alert(1)</script>",
    "comment": "--><!-- ]]> <![CDATA[",
    "quotes": "\"double\" and 'single' and `back`",
    "backslashes": "\\N \\L \\G \\\\ \\n end\\",
    "entity": "&lt;b&gt; &amp; &#60; &nosuch;",
    "newlines": "one\ntwo\r\nthree\ttabbed",
    "record": "{a|b} <port> [c]; d=e; -> --",
    "html label": "<<b>not HTML</b>>",
    "controls": "bell \a null \0 escape \x1b[31m red",
    "surrogate": "lone \ud800 surrogate",
    "direction": "reversed \u202e txt",
    "wide": "数学 🎓 é e\u0301",
    "spaces": "  two  spaces  ",
    "percent": "%s %(x)s {0} {x!r} $x",
    "long": "long " * 4000,
}


def neuron() -> Value:
    """Compute the neuron tanh(x1 w1 + x2 w2 + b), and its gradients."""
    x1, x2 = Value(2.0, label="x1"), Value(0.0, label="x2")
    w1, w2 = Value(-3.0, label="w1"), Value(1.0, label="w2")
    b = Value(6.881373587019543, label="b")
    o: Value = (x1 * w1 + x2 * w2 + b).tanh()
    o.label = "o"
    o.backward()
    return o


def labelled(text: str) -> Value:
    """Make a graph whose leaf and result both have this label."""
    x = Value(3.0, label=text)
    y = x * x
    y.label = text
    y.backward()
    return y
