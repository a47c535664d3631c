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

# Every label to try: those above, and what troubles formats of other kinds.
NASTY = [
    *ATTACKS.values(),
    "<b>bold</b>",
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "<!-- comment",
    "--> %% comment",
    "]]>",
    "&lt;b&gt; &amp; &#60; &unknown;",
    'say "hi"',
    "it's `code`",
    "back\\slash \\n \\N \\",
    "a\nb\r\nc\td\re",
    "{braces} [brackets] (parens) |bars|",
    "#35; #quot; ;:::class",
    "style: fill#60;",
    "classDef x:#ff0000;",
    "$x^2$ %comment ~tilde_under^hat",
    "end",
    "1. list",
    "- item",
    "_em_ __init__ *star* ~~s~~",
    "www.example.com http://example.com a@b.c",
    "NUL \x00 bell \x07 esc \x1b[31m del \x7f",
    "lone surrogates \ud800 and \udfff",
    "noncharacters \ufffe \uffff",
    "\u202eright to left\u2066",
    "emoji 🎉 combining e\u0301 中文 العربية",
    "graph digraph node edge strict",
    "a -> b -- c",
    "__proto__",
    "javascript:alert(1)",
    "long " + "x" * 20_000,
    " leading and trailing ",
    "{{constructor}} ${x} #{y}",
]


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
