"""Statements of random functions as users write them: match, comprehensions, closures, built-ins.

Each is a template: `{a}`, `{b}` and `{c}` are names of numbers, `{x}` that of an argument, `{k}` is
a number that is written down, `{level}` what is compared with, `{cmp}` a comparison, `{body}` an
expression of `v`, `{y}` the name that is made, and `{u}` a name that nothing else has.
"""

from __future__ import annotations

from textwrap import dedent

from random_idioms import IDIOMS

# Numbers as they come: of Python, of NumPy, exact ones. (A float times a float32 is a float32, and
# a Value is a double; so those stand beside arguments alone.)
NUMBERS = [
    "2", "-1", "True", "False", "0.5", "-0.0", "0", "3", "1e-3", "np.float64(0.5)",
    "np.int64(-2)", "np.bool_(True)", "Fraction(1, 4)", "2.0",
]  # fmt: skip

# ----- Control -----

CONTROL = """
match {a} {cmp} {level}, {b} > {c}:
    case True, True:
        {y} = {a} * {b}
    case (True, _) | (_, True):
        {y} = {a} - {c}
    case _:
        {y} = {b} * {k}

match [{a}, {b}, {c}]:
    case [{u}, *{u}s] if {u} {cmp} {level}:
        {y} = {u} * {u}s[-1]
    case [*_, {u}] if {u} > {a}:
        {y} = {u} * {k}
    case {u}:
        {y} = {u}[1] * 2.0

match {{'kind': 'point', 'at': ({a}, {b})}}:
    case {{'kind': 'point', 'at': ({u}, {u}s)}} if {u} {cmp} {u}s:
        {y} = {u} - {u}s * {k}
    case {{'at': {u}}}:
        {y} = {u}[0] * {u}[1]

match Pair({a}, Both({b}, {c})):
    case Pair(a={u}, b=Both({u}s, _)) if {u} {cmp} {level}:
        {y} = {u} * {u}s
    case Pair(b=(_, {u})):
        {y} = {u} + {k}

def {u}(v):
    for i in range(4):
        if v * i {cmp} {level}:
            return v - i
        v = {body}
    return v * {k}
{y} = {u}({a})

def {u}(v, w):
    for i, each in enumerate([v, w, v * w]):
        for other in (w, {k}):
            if each {cmp} other:
                return each * i
            if other > each + 1:
                break
        else:
            v = v * 0.5 + each
    return v
{y} = {u}({a}, {b})

{y}, {u} = {a}, 0.0
while {u} < 0.75:
    {u} += 0.25
    if {y} {cmp} {level}: continue
    {y} = {y} * {u} + {b}

{y}, {u} = {a}, 0
while abs({y}) > 0.125:
    {y} = {y} * 0.5
    {u} += 1
    if {u} > 3: break
else:
    {y} = {y} + {b}

{y} = {a}
for {u} in range(5):
    {y} = {y} * 0.5 + {b} * {u}
    if {y} {cmp} {level}: break
else:
    {y} = {y} * {k}

{y}, {u} = {a} * 1.0, [{b}, {c}, {k}]
while {u} and {y} {cmp} {level}:
    {y} = {y} + {u}.pop() * 0.5

if (_{u} := {a} * {b}) {cmp} {level}:
    {y} = _{u}
elif {c} > _{u}:
    {y} = _{u} * {k}
else:
    {y} = {c}

{y} = {a} if {b} {cmp} {level} else {b} if {c} > 0 else {c} * {k}

{y} = {a} * ({b} {cmp} {level}) + {c} * (not {b} {cmp} {level})

assert not {a} > 1e300, 'too large'
{y} = {a} + {b}

try:
    {y} = [{a}, {b}][0 if {a} {cmp} {level} else 2] * {k}
except IndexError:
    {y} = {b} * 2
"""

# ----- Collections -----

COLLECTIONS = """
{y} = sum(v * w for v in [{a}, {b}] for w in ({b}, {k}) if v {cmp} {level})

{y} = sum([v if v > 0 else -w for v, w in zip([{a}, {b}], [{b}, {c}])], {k})

{u} = {{key: v * {c} for key, v in zip('pq', ({a}, {b})) if v {cmp} {level}}}
{y} = sum({u}.values()) + len({u}) * {a}

{u} = {{'b': {a}, 'a': {b}}}
{u}.update(a={c} * {k})
{u} |= {{'c': {u}.pop('b') * 0.5}}
{y} = reduce(lambda s, pair: s * 0.5 + pair[1], sorted({u}.items()), 0.0)

{u} = {{(i, j): v * (i - j) for i, v in enumerate([{a}, {b}]) for j in range(2)}}
{y} = {u}[1, 0] + {u}.get((0, 1), 1.0) * {u}.get((2, 2), {k})

{u} = [[{a}, {b}], [{c}, {k}]]
{y} = sum(row[i] * {u}[i][1 - i] for i, row in enumerate({u}))

{u} = [list(column) for column in zip(*[[{a}, {b}], [{c}, {k}]])]
{y} = {u}[0][1] * {u}[1][0]

{u} = sorted([{a}, {b}, {c}, {k}], reverse=True)
{y} = {u}[0] - {u}[-1] * 0.5

{u} = sorted([({a}, 'a'), ({b}, 'b'), ({c} + 0.25, 'c')], key=lambda pair: pair[0])
{y} = {u}[0][0] * len({u}[1][1]) + {u}[2][0]

{u} = min(range(3), key=lambda i: [{a}, {b}, {c}][i])
{y} = [{b}, {c}, {a}][{u}] * ({u} + 1)

{u}, *{u}s = [{a}, {b}, {c}]
{y} = {u} + sum({u}s) * {k}

{u} = [{a}, {b}, {c}][::-1][:2]
{u}.insert(0, {k})
{u}.extend(v * 0.5 for v in {u}[1:])
{u}.sort()
{y} = {u}[-1] - {u}[0]

{u} = defaultdict(list)
for v in ({a}, {b}, {c}):
    {u}['high' if v {cmp} {level} else 'low'].append(v)
{y} = sum({u}['high']) - sum({u}['low']) * {k}

{u} = deque([{a}, {b}], maxlen=2)
{u}.append({c})
{y} = {u}[0] * {u}[1]

{y} = math.prod([{a}, {b}, {k}])

{y} = {a} * any(v {cmp} {level} for v in [{b}, {c}]) + all([{a} > 0, {b} > 0]) * {b}

{y} = sum(v * i for i, v in enumerate(reversed([{a}, {b}, {c}]), 1))
"""

# ----- Generators -----

GENERATORS = """
def {u}(v):
    for _ in range(3):
        yield v
        if v {cmp} {level}: return
        v = {body}
{y} = sum({u}({a}))

def {u}(*values):
    yield from values
    yield {k} * values[0]
{y} = max({u}({a}, {b}))

def {u}():
    total = {a}
    while True:
        total = total * 0.5 + (yield total)
_{u} = {u}()
next(_{u})
{y} = _{u}.send({b}) + _{u}.send({k})

{y} = list(accumulate([{a}, {b}, {k}], lambda v, w: v * 0.5 + w))[-1]

{y} = sum(takewhile(lambda v: v {cmp} {level}, [{a}, {b}, {c}]), 0.5)

{y} = sum(v * w for v, w in pairwise([{a}, {b}, {c}, {k}]))

{y} = sum(islice((v * w for v in [{a}, {b}] for w in [{c}, {k}]), 3))

{y} = next((v for v in ({a}, {b}) if v {cmp} {level}), {c}) * {k}

{y} = sum(starmap(lambda v, w: v * w, product([{a}, {k}], [{b}])))

{u} = groupby([{a} {cmp} {level}, {b} > 0])
{y} = sum(w * len(list(group)) for w, (_, group) in zip([{a}, {b}], {u}))
"""

# ----- Functions and objects -----

FUNCTIONS = """
def {u}(v, seen=[]):
    seen.append(v)
    return sum(seen) * {k}
{y} = {u}({a}) + {u}({b})

def {u}(v, w={b}, *, scale={k}):
    return v * scale + w
{y} = {u}({a}) - {u}({c}, scale=2) * {u}(w={a}, v={b})

def {u}():
    count, total = 0, {a}
    def step(v):
        nonlocal count, total
        count += 1
        total = total * 0.5 + v * count
        return count if total {cmp} {level} else 0
    {u}s = step({b}) + step({c})
    return total * {u}s
{y} = {u}()

{u} = [lambda v, i=i: v * i + {b} for i in range(3)]
{y} = {u}[2]({u}[1]({a}))

{u} = [lambda v: v * i + {b} for i in range(3)]
{y} = {u}[0]({a})

{y} = partial(lambda v, w, k: v * w + k, {a}, k={k})({b})

class {u}:
    def __init__(self, start):
        self.total, self.steps = start, 0
    def __call__(self, v):
        self.total = self.total * 0.5 + v
        self.steps += 1
        return self
    @property
    def mean(self):
        return self.total / self.steps
{y} = {u}({a})({b})({c}).mean

def {u}(g):
    def inner(*args, **named):
        return g(*args, **named) * {k}
    return inner
@{u}
def {u}s(v, w=2.0): return v * w
{y} = {u}s({a}, w={b})

def {u}(v, n):
    return v if n == 0 or v {cmp} {level} else {u}(v * 0.5 + {b} * n, n - 1)
{y} = {u}({a}, 3)

{u} = {{}}
def {u}s(n):
    if n not in {u}:
        {u}[n] = {a} if n < 2 else {u}s(n - 1) * 0.5 + {u}s(n - 2)
    return {u}[n]
{y} = {u}s(4)

def {u}(*values, **named):
    return sum(values) * named.get('k', {k})
{y} = {u}(*[{a}, {b}], **{{'k': {c}}})

@dataclass
class {u}:
    at: Any
    scale: Any = {k}
    def moved(self, by): return replace(self, at=self.at * self.scale + by)
{y} = {u}({a}).moved({b}).moved({c}).at
"""

# ----- Built-ins, with three kinds of operands -----

BUILTINS = """
{y} = max({a}, {k}, {b}) - min({k}, {a})

{y} = pow({a}, {k}) + pow({k}, {b})

{y} = divmod({a}, {k})[0] + divmod({k}, {b})[1]

{y} = round({a}, 2) * {b} + round({c})

{y} = {a} * {k} + {k} / {b} - {k}

{y} = {k} ** {a} // {b} % {k}

{y} = sum([{a}, {k}, {b}]) + sum(({c}, {k}), {k})

{y} = sorted([{a}, {k}, {b}])[1] * abs({k} - {c})

{y} = abs({k} * {a}) + -({b}) + +({c})

{y} = {a} * int({b} {cmp} {k}) + {c} * float({k} < {a})

{y} = min([{a}, {b}], default={k}) + max([], default={a})

{y} = max([{a}, {b}, {c}], key=lambda v: (v - {k}) ** 2)

{y} = math.floor({a}) * {b} + math.ceil({c}) + math.trunc({k})

{y} = {a} if math.isfinite({b}) and not math.isnan({a}) else {k}

{u} = float({b})
{y} = {a} * (math.copysign(1.0, {u}) if {u} == {u} else 1.0) + math.sqrt(abs(float({c})))

{y} = {a} * statistics.median([1.0, 2.0, 4.0]) + {b} * math.fsum([0.1, 0.2, {k}])

{y} = {x} * np.float32(0.1) + np.float32(0.3) / {x}

{y} = {a} * [0.5, 2.0, -1.0][int(min(max({b}, 0.0), 2.0))]

{y} = sum({a} * i for i in range(int(min(max({b}, 0.0), 3.0))))

{y} = {a} + math.fsum([{b}, {c}])

{y} = statistics.fmean([{a}, {b}]) * {c}

{y} = copysign(1.0, {a}) * {b} + atan2({k}, {c})
"""

# ----- NumPy -----

ARRAYS = """
{y} = np.dot([{a}, {b}], [{c}, {k}])

{y} = (np.array([{a}, {b}]) * np.array([0.5, {k}])).sum()

{y} = np.sin(np.array([{x}, {x} * 2.0]))[1] * np.mean([{a}, {c}])

{y} = np.where(np.array([{a}, {b}]) {cmp} 0.5, np.array([{b}, {a}]), {k}).sum()

{y} = (np.array([[{a}, {b}], [{c}, 1.0]]) @ np.array([{b}, {k}]))[0]

{y} = np.max(np.array([{a}, {b}, {c}])) * np.sort(np.array([{a}, {b}]))[0]

{y} = np.prod([{a}, {b}]) + np.cumsum([{a}, {c}])[-1]
"""

# ----- Derivatives inside -----

DERIVATIVES = """
if grad({a} * {b} + {x} * {x} * {a}, {x}) {cmp} {level}:
    {y} = grad({x} * {x} * {k}, {x})
else:
    {y} = {a} * {b}

if {a} {cmp} {level}:
    {u} = Value(float({b}))
    ({u} * {u} * {u}).backward()
    {y} = {u}.grad * {c}
else:
    {y} = func.grad(lambda v: {body})({a})

{y} = {a}
for {u} in range(2):
    {y} = {y} - 0.1 * func.grad(lambda v: {body} + {b} * v * v)({y})

{u}, {u}s = func.value_and_grad(lambda v, w: v * w * w + {c}, (0, 1))({a}, {b})
{y} = {u} + {u}s[0] * {u}s[1]

{y} = func.jvp(lambda v: {body}, ({a},), ({b},))[1]

{y} = func.vjp(lambda v: [v * {b}, {body}], {a})[1]([{c}, {k}])[0]

{y} = sum(func.jacrev(lambda v: [v[0] * v[1], v[1] * {c}])([{a}, {b}])[0])

{y} = func.hessian(lambda v: {body} * v)({a}) * {b}

{y} = func.hvp(lambda v: {body} * v, ({a},), ({b},))

{y} = func.linearize(lambda v: {body} * {c}, {a})[1]({b})

{y} = sum(func.vmap(lambda v: v * {c})([{a}, {b}]))

{y} = compile(lambda v, w: v * w + {body}, executor='interpreter')({a}, {b})

{y} = sum(compile(lambda v, w: v * w + {body}, executor='interpreter').grad({a}, {b}))

{y} = compile(lambda v: v if v {cmp} {level} else v * {b}, executor='interpreter')({a})

@compile(executor='interpreter')
def {u}(v, w): return {{'p': v * w, 'q': [{body}, w]}}
{y} = {u}({a}, {b})['q'][0] - {u}({b}, {c})['p']

{y} = HELPER({a}, {b}) + HELPER({c}, {k})

{y} = HELPER.value_and_grad({a}, {b})[1][0] * {c}

{y} = HELPER.jvp(({a}, {b}), ({c}, 1.0))[1]

{y} = custom_rule(lambda v: {body}, lambda g, out, v: g * v)({a}) * {b}

{y} = custom_rule(lambda v, w: v * w, lambda g, out, v, w: (g * w * w, g * v))({a}, {b})
"""

# ----- What changes outside, between calls -----

OUTSIDE = """
{y} = {a} * LEVEL + {b}

{y} = {a} if {b} {cmp} LEVEL else {b} * {k}

{y} = {a} * SETTINGS.rate + sum(v * w for v, w in zip([{a}, {b}], SETTINGS.scales))

{y} = {a} * SETTINGS.table['low' if {b} {cmp} {level} else 'high']

{y} = {a}
for {u} in SETTINGS.scales:
    {y} = {y} * {u} + {b}

{y} = SETTINGS.apply({a}) * {b}

{y} = {a} ** SETTINGS.table.get('power', 2) if SETTINGS.flag else {b}

{y} = SETTINGS.choose({a}, {b}) * {k}
"""


def parted(text: str) -> list[str]:
    """Take templates apart: an empty line is between two."""
    return [part.strip("\n") for part in dedent(text).split("\n\n")]


KINDS: dict[str, list[str]] = {
    name.lower(): parted(text)
    for name, text in [
        ("CONTROL", CONTROL),
        ("COLLECTIONS", COLLECTIONS),
        ("GENERATORS", GENERATORS),
        ("FUNCTIONS", FUNCTIONS),
        ("BUILTINS", BUILTINS),
        ("ARRAYS", ARRAYS),
        ("DERIVATIVES", DERIVATIVES),
        ("OUTSIDE", OUTSIDE),
        *IDIOMS.items(),
    ]
}

BODIES = [
    "v * v * v", "sin(v) * v", "exp(0.1 * v) * v", "tanh(v)", "abs(v) * v", "v / (v * v + 1.0)",
    "where(v > 0, v * v, v)", "(v if v > 0 else v * v)", "v * 2 - 0.5", "max(v, 0.25) * v",
]  # fmt: skip
