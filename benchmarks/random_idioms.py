"""More statements of random functions: objects, errors, sorting, text, integers, NumPy, nesting.

Templates as in `random_statements.py`, with the same places.
"""

from __future__ import annotations

# ----- Objects with state -----

OBJECTS = """
class {u}:
    def __init__(self): self.mean, self.count = 0.0, 0
    def add(self, v):
        self.count += 1
        self.mean += (v - self.mean) / self.count
        return self
{y} = {u}().add({a}).add({b}).add({c}).mean

class {u}:
    __slots__ = ('best', 'tries')
    def __init__(self): self.best, self.tries = None, 0
    def offer(self, v):
        self.tries += 1
        if self.best is None or v {cmp} self.best: self.best = v
{u}s = {u}()
for _{u} in ({a}, {b}, {c}): {u}s.offer(_{u})
{y} = {u}s.best * {u}s.tries

class {u}:
    def __init__(self, re, im): self.re, self.im = re, im
    def __mul__(self, o):
        return {u}(self.re * o.re - self.im * o.im, self.re * o.im + self.im * o.re)
    def __rmul__(self, k): return {u}(self.re * k, self.im * k)
    def __add__(self, o): return {u}(self.re + o.re, self.im + o.im)
    def __abs__(self): return hypot(self.re, self.im)
    def __lt__(self, o): return self.re < o.re
{u}s = {u}({a}, {b}) * {u}({c}, {k}) + 0.5 * {u}({b}, {a})
{y} = builtins.abs({u}s) + max({u}s, {u}({c}, 0.0)).im

class {u}:
    def __init__(self, *parts): self.parts = list(parts)
    def __len__(self): return len(self.parts)
    def __getitem__(self, i): return self.parts[i]
    def __setitem__(self, i, v): self.parts[i] = v
    def __iter__(self): return iter(self.parts)
    def __bool__(self): return bool(self.parts[0] {cmp} {level})
    def __contains__(self, v): return any(v > w for w in self.parts)
{u}s = {u}({a}, {b})
{u}s[0] = {u}s[1] * {c} if {u}s else {u}s[-1]
{y} = sum({u}s) * len({u}s) + ({k} in {u}s)

class {u}:
    rate = {k}
    def __init__(self, v): self._v = v
    @property
    def v(self): return self._v * self.rate
    @v.setter
    def v(self, w): self._v = w if w {cmp} {level} else -w
    @classmethod
    def of(cls, v): return cls(v * 0.5)
    @staticmethod
    def twice(v): return v * 2
{u}s = {u}.of({a})
{u}s.v = {u}s.v + {b}
{y} = {u}.twice({u}s.v)

class {u}:
    def __init__(self, w): self.w = w
    def forward(self, v): return v * self.w
    def __call__(self, v): return self.forward(v) + {k}
class {u}s({u}):
    def __init__(self, w, bias):
        super().__init__(w)
        self.bias = bias
    def forward(self, v): return super().forward(v) + self.bias
{y} = sum(layer({b}) for layer in [{u}({a}), {u}s({a}, {c})])

class {u}:
    def __init__(self, v): self.v = v
    def __getattr__(self, name): return self.v * len(name)
{y} = {u}({a}).twice + {u}({b}).v

@dataclass(order=True)
class {u}:
    rank: int
    v: Any = field(compare=False)
{y} = sorted([{u}(2, {a}), {u}(1 if {b} {cmp} {level} else 3, {b})])[0].v * {k}

class {u}:
    @cached_property
    def square(self): return {a} * {b}
{u}s = {u}()
{y} = {u}s.square + {u}s.square * {k}

class {u}(dict):
    def __missing__(self, key):
        self[key] = {a} * len(key)
        return self[key]
{u}s = {u}(p={b})
{y} = {u}s['p'] + {u}s['qqq'] * len({u}s)

{u} = SimpleNamespace(v={a}, steps=0)
while {u}.steps < 3 and {u}.v {cmp} {level}:
    {u}.v = {u}.v * 0.5 + {b}
    {u}.steps += 1
{y} = {u}.v * {u}.steps + {c}

def {u}(v):
    {u}.calls = getattr({u}, 'calls', 0) + 1
    return v * {u}.calls
{y} = {u}({a}) + {u}({b})

class {u}:
    def __init__(self): self.velocity = {{}}
    def step(self, name, v, g):
        self.velocity[name] = 0.5 * self.velocity.get(name, 0.0) + g
        return v - 0.1 * self.velocity[name]
{u}s, {y} = {u}(), {a}
for _{u} in range(2): {y} = {u}s.step('w', {y}, {y} * {b} - {c})
"""

# ----- Errors and blocks -----

ERRORS = """
try:
    if {a} {cmp} {level}: raise ValueError({b})
    {y} = {a} * {k}
except ValueError as {u}:
    {y} = {u}.args[0] * {c}

class {u}(Exception):
    def __init__(self, at):
        super().__init__('too far')
        self.at = at
def {u}s(v):
    if v {cmp} {level}: raise {u}(v * {b})
    return v + {k}
try: {y} = {u}s({a})
except {u} as far: {y} = far.at * 2.0
else: {y} = {y} - {c}

def {u}(v):
    try:
        if v {cmp} {level}: return v * {k}
        raise KeyError(v)
    except KeyError as cause:
        raise LookupError('not here') from cause
try: {y} = {u}({a})
except LookupError as cause: {y} = cause.__cause__.args[0] * {c}

try: {y} = {a} * (1.0 / float({b}))
except ZeroDivisionError: {y} = {a} * {k}

try: {y} = {a} * math.sqrt(float({b}))
except ValueError: {y} = {a} - {b}

try: {y} = {a} * math.log(float({b}) - 0.5)
except (ValueError, ZeroDivisionError): {y} = {c}

try: {y} = {a} * math.exp(float({b}) * 600.0)
except OverflowError: {y} = {a} * {k}

try: {y} = {a} * int(float({b}))
except (ValueError, OverflowError) as {u}: {y} = {a} * len(type({u}).__name__)

try: {y} = {a} + float({b}) ** 0.5
except TypeError: {y} = {a} * 3.0

try: {y} = [{a}, {b}, {c}][int(float({a}))]
except (IndexError, ValueError, OverflowError): {y} = {b}

try: {y} = {{0: {a}, 1: {b}}}[int(float({c}) > 0.25) + int(float({c}) > 1.0)]
except KeyError as {u}: {y} = {c} * {u}.args[0]

with suppress(ArithmeticError):
    {y} = {a}
    if {b} {cmp} {level}: raise OverflowError
    {y} = {y} * {c}

@contextmanager
def {u}(v):
    yield v * {k}
with {u}({a}) as _{u}, {u}({b}) as {u}s: {y} = _{u} - {u}s

class {u}:
    def __init__(self, v): self.v = v
    def __enter__(self): return self
    def __exit__(self, kind, value, trace):
        self.v = self.v * 0.5
        return kind is RuntimeError
with {u}({a}) as {u}s:
    if {b} {cmp} {level}: raise RuntimeError
    {u}s.v = {u}s.v + {c}
{y} = {u}s.v

with ExitStack() as {u}:
    {u}s = [{a}]
    {u}.callback(lambda: {u}s.append({u}s[0] * {b}))
    if {c} {cmp} {level}: {u}.callback({u}s.append, {k})
{y} = sum({u}s)

def {u}(v):
    try:
        if v {cmp} {level}: return v * 2.0
        v = v + {b}
    finally:
        v = v * {k}
    return v
{y} = {u}({a})

{y} = {a}
for {u} in ({b}, {c}, {k}):
    try:
        if {u} {cmp} {level}: continue
        {y} = {y} + {u}
    finally:
        {y} = {y} * 0.5

def {u}(v):
    with no_grad():
        w = v * {b}
    return v * w
{y} = {u}({a}) + {c}

try:
    raise ExceptionGroup('both', [ValueError({a}), KeyError({b})])
except* ValueError as {u}: {y} = {u}.exceptions[0].args[0] * {k}
except* KeyError as {u}: {y} = {y} + {u}.exceptions[0].args[0]

try:
    assert {a} {cmp} {level}, {b}
    {y} = {a}
except AssertionError as {u}: {y} = {u}.args[0] * {k}
"""

# ----- Sorting and choosing -----

SORTING = """
{u} = sorted([{a}, {b}, {c}], key=lambda v: (float(v) > 0.25, -float(v)))
{y} = {u}[0] * 2.0 - {u}[-1]

{u} = max(enumerate([{a}, {b}, {c}]), key=lambda pair: pair[1])
{y} = {u}[1] * ({u}[0] + 1)

{u} = min((float(v - {k}), i) for i, v in enumerate([{a}, {b}, {c}]))
{y} = [{a}, {b}, {c}][{u}[1]] * {u}[0]

{u} = max(({a} * 1.0, 1), ({b} * 1.0, 2))
{y} = {u}[0] * {u}[1]

{u} = sorted([(int({a} > 0), {a}), (int({b} > 0), {b})], key=itemgetter(0))
{y} = {u}[0][1] - {u}[1][1] * 0.5

{u} = []
for i, v in enumerate([{a}, {b}, {c}, {k}]): heappush({u}, (float(v), i, v))
{y} = heappop({u})[2] * 2.0 + heappop({u})[2]

{y} = sum(nsmallest(2, [{a}, {b}, {c}], key=float)) - nlargest(1, [{a}, {b}])[0]

{u} = bisect([-1.0, 0.0, 0.5, 1.0], {a})
{y} = {b} * {u} + {c}

{u} = []
for v in ({a}, {b}, {c}): insort({u}, v)
{y} = {u}[1] * {k}

{u} = sorted([{a}, {b}, {c}], key=cmp_to_key(lambda v, w: -1 if v > w else 1 if v < w else 0))
{y} = {u}[0] + {u}[1] * 0.5

{y} = statistics.median([{a}, {b}, {c}]) * {k}

{u} = sorted([{a}, {b}, {c}], key=float, reverse=True)
{y} = {u}[0] - {u}[1]

{u} = [float(v) for v in ({a}, {b}, {c})]
{y} = [{a}, {b}, {c}][{u}.index(min({u}))] * {u}.count({u}[0])

{u} = sorted(dict(p={a}, q={b}, r={c}).items(), key=lambda item: item[1])
{y} = {u}[0][1] * (ord({u}[0][0]) - 110)

{u} = [{a}, {b}, {c}]
for i in range(3):
    for j in range(2 - i):
        if {u}[j] > {u}[j + 1]: {u}[j], {u}[j + 1] = {u}[j + 1], {u}[j]
{y} = {u}[0] + {u}[1] * {k}

{u} = [v for v in sorted([{a}, {b}, {c}]) if v {cmp} {level}] or [{k} * 1.0]
{y} = {u}[len({u}) // 2]

{u} = combinations(enumerate([{a}, {b}, {c}]), 2)
{y} = sum(v * w for (i, v), (j, w) in {u} if (v > w) == (i > j))

{y} = min([{a}, {b}, {c}], key=lambda v: abs(v - {k})) * max({a}, {b}, key=lambda v: v * v)

{u} = list(zip_longest([{a}, {b}, {c}], [{k}], fillvalue=0.5))[::-1]
{y} = sum(v * w for v, w in {u}[:2])

{u} = list(dropwhile(lambda v: v {cmp} {level}, [{a}, {b}]))
{y} = sum(islice(chain([{a}], cycle([{b}, {c}])), 5)) * len({u})

{u} = list(accumulate([{a}, {b}], min, initial={c}))
{y} = list(accumulate([{a}, {b}, {c}], max))[-1] - {u}[-1]

{u} = [{a}, {b}, {c}, {a}]
{y} = sum({u}[i] * {u}[-i] for i in range(1, 4)) + sum({u}[::2]) - sum({u}[3:0:-2])
{u}[1:3] = [{k}]
del {u}[0]
{y} = {y} + {u}[0] * {u}[-1]
"""

# ----- Text that decides -----

TEXT = """
{y} = {a} * float(f'{{float({b}):.2f}}')

{y} = {a} if f'{{float({b}):.1f}}'.startswith('-') else {c} * 2.0

{y} = {a} * len('%.1f' % float({b}))

{y} = {a} * len(str(float({b}))) + len(repr(float({c})))

{y} = {a} * len(f'{{float({b}):g}}') - len(f'{{{c}:.0f}}')

{y} = {a} * {{'-': 2.0, '+': 3.0}}[f'{{float({b}):+.0f}}'[0]]

{y} = {a} * int(f'{{min(abs(float({b})), 9.0) * 10:.0f}}') if {b} < 9 else {c}

{y} = {a} * float('{{:.3}}'.format(float({b})))

{y} = {a} * float.fromhex(float.hex(float({b})))

{y} = {a} * float({b}).is_integer() + {c}

try: {y} = {a} * (float({b}).as_integer_ratio()[1] % 7)
except (ValueError, OverflowError): {y} = {c}

{y} = {a} * struct.unpack('<d', struct.pack('<d', float({b})))[0]

{y} = {a} * json.loads(json.dumps([float({b}), 1.5]))[0]

try: {y} = {a} * float(Fraction(float({b})).limit_denominator(10))
except (ValueError, OverflowError): {y} = {c}

try: {y} = {a} * float(builtins.round(Decimal(float({b})), 2))
except ArithmeticError: {y} = {c}

{y} = {a} * ('nan' in str(float({b})) or 'inf' in str(float({c})))

match f'{{float({a}):.0f}}':
    case '0' | '1': {y} = {b}
    case {u} if {u}.startswith('-'): {y} = {c} * len({u})
    case _: {y} = {a} * {k}
"""

# ----- Integers and floats -----

MIXED = """
{y} = {a} * (int(max(min({b}, 9.0), -9.0)) // 2) + {c}

{y} = {a} * (int(max(min({b}, 9.0), -9.0)) % 3 - 1)

{y} = {a} if int(max(min({b} * 4, 99.0), -99.0)) & 1 else {c}

{u} = int(max(min({b} * 10, 99.0), -99.0))
{y} = {a} * (({u} << 2) ^ 5) + {c} * (~{u} >> 1) - bin({u}).count('1')

{u}, {u}s = divmod(int(max(min({b} * 10, 99.0), -99.0)), 3)
{y} = {a} * {u} + {c} * {u}s

{u}, {u}s = divmod({a}, 0.3)
{y} = {u} * {b} + {u}s * {c}

{u}, {u}s = divmod({a}, {b})
{y} = {u} - {u}s * {k}

{y} = {a} // 0.1 + {b} % 0.1 + {c} % -0.7

{y} = 7 // {a} + -7 % {b} + 7 ** {c}

{y} = {a} ** 0 + {b} ** 1 + 0 ** {c} + 1 ** {a} + {b} ** -2

{y} = {a} ** int(max(min({b}, 4.0), -3.0)) + (-2.0) ** int(max(min({c}, 4.0), -3.0))

{y} = {a} * float({b}) // 0.3 + {a} * (float({c}) % -0.7)

{y} = {a} * round(min(max({b} * 2, -9.0), 9.0)) + {c}

{y} = round({a}) + round({b}, 1) * {c} + round({c}, -1)

{y} = builtins.round({a}) * {b} + builtins.round({b}, 1) * {c} + builtins.pow({c}, 2)

{y} = {a} * round(float({b}), 1) + {c} * round(float({a}), 2)

{y} = {a} * builtins.pow(int(max(min({b}, 9.0), -9.0)), 3, 7)

{y} = {a} * math.isqrt(int(min(abs({b}), 99.0) * 100)) + math.gcd(int(min(abs({c}), 9.0) * 4), 6)

{y} = {a} * math.comb(6, int(min(abs({b}), 6.0))) + math.factorial(int(min(abs({c}), 5.0)))

{y} = {a} * 10**25 - {b} * 10**25

{y} = {a} + (2**53 + 1) - 2**53 + {b} * (2**62)

{y} = {a} * builtins.abs(complex(float({b}), float({c}))) + complex(float({a})).real

{y} = {a} * (True + ({b} > 0)) - ({c} > 0) * {b} + (not {a}) * 2

{y} = sum({a} * i if i % 2 else {b} / (i + 1) for i in range(int(min(abs({c}), 4.0)) + 1))

{u} = {{i: {a} * i for i in range(4)}}
{y} = {u}[int(min(abs({b}), 3.0))] + {c}

{y} = {a} * math.floor(min(max({b}, -9.0), 9.0)) + {c} * math.ceil(min(max({a}, -9.0), 9.0))

{y} = {a} * (-int(-min(max({b}, -9.0), 9.0) // 1)) + math.trunc(min(max({c}, -9.0), 9.0))

{y} = ({a} > 0) + ({b} > 0) * {c} + sum(v {cmp} {level} for v in [{a}, {b}])

{y} = {a} if ({a} > 0) ^ ({b} > 0) else {c}

{y} = {a} if ({a} > 0) & ({b} > 0) | ({c} > 1) else -{c}

{y} = {a} if bool({a} > 0) is bool({b} > 0) else {c}

{u} = 0
while {u} < 40 and {a} * 2.0 ** {u} < 100 and {a} > 0: {u} += 1
{y} = {b} * {u} + {c}

{y} = {a} * (float({b}) == float({c})) + (float({a}) != 0.5) * {b}

{y} = float({a}).__class__(2) * {b} + int({c} > 0).bit_length()
"""

# ----- math on floats -----

MATHS = """
{y} = {a} * math.sin(float({b})) if math.isfinite(float({b})) else {c}

{y} = {a} * math.tanh(float({b})) + math.atan2(float({c}), float({b}))

{u}, {u}s = math.frexp(float({b}))
{y} = {a} * {u} + {c} * {u}s

{u}, {u}s = math.modf(float({b}))
{y} = {a} * {u} + {c} * ({u}s % 2)

{y} = {a} * math.hypot(float({b}), float({c})) - math.dist([float({a})], [1.0])

try: {y} = {a} * math.fmod(float({b}), 0.3) + math.remainder(float({c}), 0.3)
except ValueError: {y} = {c}

{y} = {a} * math.nextafter(float({b}), math.inf) + math.ulp(min(abs(float({c})), 1e300))

{y} = {a} if math.isclose(float({b}), float({c}), rel_tol=1e-3) else {b}

{u} = float({b})
{y} = {a} * (math.copysign(2.0, {u}) if {u} == {u} else 2.0) + math.fabs(float({c}))

{y} = {a} * math.erf(float({b})) + math.erfc(float({c}))

try: {y} = {a} * math.gamma(float({b}) + 3.0) + math.lgamma(float({c}))
except (ValueError, OverflowError): {y} = {c}

try: {y} = {a} * math.log(abs(float({b})) + 1.0, 3.0) + math.log2(float({c}))
except ValueError: {y} = {c}

try: {y} = {a} * math.pow(float({b}), 1.5)
except (ValueError, OverflowError): {y} = {a} - {c}

try: {y} = {a} * (math.ldexp(float({b}), 3) + math.expm1(float({c})))
except OverflowError: {y} = {b}

{y} = {a} * math.prod([float({b}), 0.5, 2]) + math.fsum([float({c}), 1e16, -1e16])

{y} = {a} * (math.cbrt(float({b})) + math.degrees(float({c})))

{y} = math.floor({a}) * {b} + math.ceil({b}) if math.isfinite({a}) and math.isfinite({b}) else {c}

{y} = {a} * sum(map(float, [{b}, {c}])) / len([{a}])

{y} = {a} * statistics.fmean([float({b}), float({c})]) + statistics.pvariance([1.0, 2.0])
"""

# ----- NumPy's numbers and small arrays -----

NUMPY = """
{y} = {a} * np.float64(float({b})) + np.float64(2.0) ** {c}

{y} = {a} * float(np.float32(float({b}))) + np.int64(3) * {c}

{y} = {a} * np.sign(float({b})) + np.clip(float({c}), -1.0, 1.0)

{u} = np.array([float({a}), float({b}), float({c})])
{y} = {a} * {u}.sum() + {b} * int({u}.argmax()) + {c} * ({u} {cmp} {level}).sum()

{y} = {a} * [{a}, {b}, {c}][int(np.argsort([float({a}), float({b}), float({c})])[0])]

{y} = {a} * np.interp(float({b}), [-1.0, 0.0, 2.0], [0.5, 1.0, -1.0])

{y} = {a} * np.searchsorted([-1.0, 0.0, 1.0], float({b})) + {c}

{y} = {a} * np.isnan(float({b})) + {c} * np.isfinite(float({a}))

{u} = np.array([{a}, {b}], dtype=object)
{u}[0] = {u}[1] * {c}
{y} = {u} @ np.array([1.0, {k}])

{u} = np.zeros(3, dtype=object)
{u}[1:] = [{a}, {b}]
{y} = ({u} * 2.0 + {c}).sum()

{y} = np.array([{a}, {b}]).tolist()[1] * np.array([[{a}], [{c}]]).T[0][1]

{y} = np.diff(np.array([{a}, {b}, {c}])).sum() + np.add.reduce([{a}, {b}])

{y} = np.outer([{a}, {b}], [1.0, 2.0])[1, 0] * np.linspace(0.0, 1.0, 3)[1]

{y} = np.polyval([{a}, {b}, {c}], 0.5) + np.polyval([1.0, -2.0], {a})

{y} = np.exp(np.array([{a}, {b}]) * 0.1).sum() + np.tanh({c})

{y} = np.maximum({a}, {b}) + np.abs({c}) * np.square({a})

{y} = np.vectorize(lambda v: v * v if v {cmp} {level} else v, otypes=[object])([{a}, {b}]).sum()

{y} = np.stack([np.array([{a}, {b}]), np.array([{c}, {k}])]).sum(axis=0)[1]

{y} = np.array([[{a}, {b}], [{c}, 1.0]]).trace() + np.concatenate([[{a}], [{b}]])[::-1][0]

{y} = np.einsum('i,i->', np.array([{a}, {b}]), np.array([{c}, 2.0]))

{y} = {a} * np.round(float({b}), 1) + np.floor(float({c})) * np.trunc(float({a}))

{u} = np.array([float({b}) {cmp} {level}, True, False])
{y} = {a} * float(np.array([1.0, 2.0, 3.0])[{u}].sum())

{y} = sum(v for v in np.array([{a}, {b}, {c}]) if v {cmp} {level}) + np.array({a}).item() * {k}

{y} = {a} * (np.float64(float({b})) // np.float64(0.3)) + {c} * (np.float64(7.5) % np.float64(2.0))
"""

# ----- functools, decorators, signatures -----

HIGHER = """
{y} = reduce(lambda v, w: v * w if w {cmp} {level} else v - w, [{a}, {b}, {c}], 1.0)

@singledispatch
def {u}(v): return v * 2.0
@{u}.register(list)
def _{u}(v): return sum(map({u}, v))
@{u}.register(Both)
def _{u}s(v): return {u}(v.a) * {k}
{y} = {u}([{a}, {b}]) - {u}(Both({c}, 0.0))

def {u}(f):
    @wraps(f)
    def inner(*args, **named):
        inner.calls += 1
        return f(*args, **named) * inner.calls
    inner.calls = 0
    return inner
@{u}
def {u}s(v, w={b}, *rest, scale=1.0): return v * w * scale + sum(rest)
{y} = {u}s({a}) + {u}s({a}, {c}, {k}, scale=0.5)

@lru_cache(maxsize=None)
def {u}(n): return {a} if n < 1 else {u}(n - 1) * 0.5 + {b}
{y} = {u}(3) + {u}(2)

{u} = partial(partial(lambda v, w, *, k: v * w - k, {a}), k={k})
{y} = {u}({b}) + {u}({c}, k=0.5)

{y} = reduce(lambda f, g: lambda v: g(f(v)), [lambda v: v * {b}, lambda v: v + {c}, abs])({a})

{y} = attrgetter('a')(Pair({a}, {b})) * itemgetter(1)([{a}, {c}]) + operator.mul({b}, {k})

{y} = operator.truediv({a}, {b}) + operator.neg({c}) + operator.mod({a}, 0.75)

def {u}(first, /, *rest, last={k}, **named):
    return first * sum(rest) + last * sum(named.values())
{y} = {u}({a}, *[{b}, {c}], last=0.5, p={a}, **{{'q': {b}}})

def {u}(v): return {u}s(v * 0.5, 1) if v > {level} else v
def {u}s(v, n): return {u}(v + {b}) if n > 1 else v - {k}
{y} = {u}({a})

def {u}(tree):
    return sum(map({u}, tree)) * 0.5 if isinstance(tree, list) else tree * {k}
{y} = {u}([{a}, [{b}, [{c}]], []])

def {u}(v, n):
    if n == 0: return v
    if v {cmp} {level}: return {u}(v * 0.5, n - 1) + {u}({b}, n - 2 if n > 1 else 0)
    return {u}(v + {c}, n - 1)
{y} = {u}({a}, 3)

def {u}(low, high, n=0):
    mid = (low + high) / 2
    if n > 4: return mid
    return {u}(mid, high, n + 1) if mid * mid < abs({a}) else {u}(low, mid, n + 1)
{y} = {u}(0.0, 2.0) * {b}

def {u}(v):
    for _ in range(4):
        w = v - (v * v - abs({a})) / (2 * v + 0.1)
        if abs(w - v) < 1e-2: break
        v = w
    return v
{y} = {u}(1.5 + 0.0 * {b})

{u} = lambda f, v, n: v if n == 0 or v {cmp} {level} else f(f, v * {b}, n - 1)
{y} = {u}({u}, {a}, 3)

{y} = [*filter(None, [{a}, {b}, {k}])][-1] * 1.5
"""

# ----- Dicts and sets by keys made of numbers -----

KEYS = """
{u} = {{round(float(v), 1): v for v in ({a}, {b}, {c})}}
{y} = sum({u}.values()) * len({u})

{u} = {{float({a}) > 0, float({b}) > 0, float({c}) > 0}}
{y} = {a} * len({u})

{u} = Counter(bool(v {cmp} {level}) for v in ({a}, {b}, {c}))
{y} = {a} * {u}[True] + {b} * {u}.most_common(1)[0][1]

{u} = defaultdict(float)
for v in ({a}, {b}, {c}): {u}[int(max(min(v, 9.0), -9.0))] += v * 0.5
{y} = sum(v * k for k, v in sorted({u}.items()))

{u} = {{}}
for v in ({a}, {b}, {c}): {u}.setdefault(round(min(max(float(v), -9.0), 9.0)), []).append(v)
{y} = sum(max(group) for group in {u}.values())

{y} = {a} if round(min(max(float({b}), -9.0), 9.0)) in {{0, 1, -1}} else {c} * {k}

{u} = dict.fromkeys(['p', 'q'], {a})
{u}['q' if {b} {cmp} {level} else 'r'] = {c}
{y} = sum({u}.values()) + len({u})

{y} = {a} * len({{int(max(min(float(v) * 2, 9.0), -9.0)) for v in ({a}, {b}, {c})}} & {{0, 1, 2}})

{u} = {{(round(float({a}), 1), 'p'): {b}, (0.5, 'p'): {c}}}
{y} = {u}[0.5, 'p'] * len({u})

{u} = ChainMap({{'p': {a}}}, {{'p': {b}, 'q': {c}}})
{y} = {u}['p'] * {u}['q'] + {k}

{u} = [0.0] * 4
for v in ({a}, {b}, {c}): {u}[int(min(abs(v), 3.0))] += v
{y} = {u}[0] + {u}[1] * 2.0 - {u}[3]
"""

# ----- Plain numbers of Values: data, gradients -----

PLAIN = """
{y} = {a} * {x}.data.is_integer() + len({x}.data.hex()) * {b}

{y} = {a} * len(f'{{{x}.data:.1f}}') + len('%.2f' % {x}.data)

{y} = {a} if isinstance({x}.data, float) else {b}

{y} = {a} * (type({x}.data) == float) + {x}.data.__class__(2)

{y} = {a} * isinstance({x}.data * 0.5 - 1, float) + len(f'{{{x}.data * 0.5}}') * {b}

{y} = {a} * ({x}.data * 2 == 1.0) + len(str(-{x}.data + 0.25)) + ({x}.data / 4).is_integer()

{u} = [{a}, {b}, {c}, {a}]
{y} = {u}[math.floor(min(max({x}.data, 0.0), 3.0))] * builtins.round(min({x}.data * 0.5, 3.0), 1)

{u} = math.copysign(1, math.ceil(min(max({x}.data * 0.1, -9.0), 9.0)))
{y} = {a} * isinstance(sum([{x}.data, 1.0]) / 2, float) + {b} * {u}

{y} = {a} * ({x}.data == 1.0) + ({x}.data != 0.5) * {b}

{y} = {a} * {{0.5: 2.0, 1.0: 3.0}}.get({x}.data, {k}) + len({{{x}.data, 0.5, 1.0}})

{y} = {a} * ({x}.data in (0.5, 1.0, 2.0)) + [0.5, 1.0].count({x}.data)

{y} = {a} * math.tanh({x}.data) + math.hypot({x}.data, 1.0) + math.floor(min({x}.data, 9.0) or 2.0)

try: {y} = {a} * math.sqrt({x}.data)
except ValueError: {y} = {b}

try: {y} = {a} * int({x}.data) + {b} * math.trunc({x}.data)
except (ValueError, OverflowError): {y} = {b}

{y} = {a} * ({x}.data // 0.3) + {b} * ({x}.data % 0.7) + divmod({x}.data, 0.5)[1]

{y} = {a} * (1.0 / ({x}.data or 1.0))

{u} = [{x}.data, 0.5, 1.5]
{y} = {a} * sum({u}) + max({u}) - sorted({u})[1] * {b}

{y} = {a} * float(str({x}.data)) + len(repr({x}.data)) * {b}

{y} = {a} * struct.unpack('<d', struct.pack('<d', {x}.data))[0]

{y} = {a} * builtins.round({x}.data, 1) + abs({x}.data) - -{x}.data

{y} = {a} * np.float64({x}.data) + np.array([{x}.data, 1.0]).sum() + np.sign({x}.data)

{y} = {a} * complex({x}.data, 1.0).real + (hash({x}.data) % 7 if {x}.data == {x}.data else 2) * {b}

{y} = {a} if {x}.data else {b}

match {x}.data:
    case 0.5: {y} = {a}
    case float() as {u} if {u} {cmp} {level}: {y} = {u} * {b}
    case _: {y} = {c}

@singledispatch
def {u}(v): return v * 2.0
@{u}.register(float)
def _{u}(v): return v * 3.0
{y} = {u}({x}.data) * {a} + {u}({x}.detach().data)

{u} = grad({a} * {x} + {x} * {x}, {x})
{y} = {b} * isinstance({u}, float) + {u} * {u}.is_integer() + len(f'{{{u}:.1f}}')

{u} = grad({x} * {x}, {x})
{y} = {a} * math.tanh({u}) + ({u} == 2.0) * {b} + {{2.0: 1.0}}.get({u}, 0.5)

{u} = Value({x}.data)
({u} * {u} * 0.5).backward()
{y} = {a} * math.tanh({u}.grad) + isinstance({u}.grad, float) * {b} + {u}.grad.is_integer()

try: {y} = {a} * float(Fraction({x}.data).limit_denominator(8)) + {x}.data * {x}.data // 0.3
except (ValueError, ArithmeticError): {y} = {b}

{y} = {a} * statistics.fmean([{x}.data, 1.0]) + bisect([0.0, 1.0], {x}.data) * {b}

{y} = {a} * ({x}.data ** 2 + pow({x}.data, 3) + 2.0 ** -abs({x}.data)) + ({x}.data > 0) * {b}

{u} = {x}.data
{u} += 1.0
{u} *= 0.5
{y} = {a} * {u} + {x}.data.real + {x}.data.conjugate() * {x}.data.imag

{y} = {a} + sum({b} for _ in range(int(min(abs({x}.data), 3.0)))) * {x}.data.as_integer_ratio()[1]
"""

# ----- Floats that raise errors -----

RAISING = """
try: {y} = {a} * (1.0 / {x}.data)
except ZeroDivisionError: {y} = {b} * {k}

try: {y} = {a} * ({k} / {x}.data + {x}.data / {k})
except (ZeroDivisionError, OverflowError): {y} = {c}

try: {y} = {a} + {x}.data ** {k}
except ArithmeticError as {u}: {y} = {b} * len(type({u}).__name__)
except TypeError: {y} = {c}

try: {y} = {a} * builtins.abs({x}.data ** 0.5 + {x}.data ** -1)
except ArithmeticError: {y} = {b}

try: {y} = {a} * ({x}.data // {k} + {k} % {x}.data)
except ZeroDivisionError: {y} = {c}

try: {u}, {y} = divmod({x}.data, {k})
except ZeroDivisionError: {y} = {c}
else: {y} = {y} * {a} + {u} * {b}

try: {y} = {a} * math.log({x}.data) + math.acos({x}.data)
except ValueError: {y} = {b}

try: {y} = {b} / grad({a} * {x}, {x}) + 1.0 / grad({x} * {x}, {x})
except ZeroDivisionError: {y} = {c}

try: {y} = {a} * (2.0 ** {x}.data) ** 2
except OverflowError: {y} = {b}

try: {y} = {a} * (1.0 / exp(-{x}.data)) + 1.0 / maximum({x}.data, 0.0)
except ZeroDivisionError: {y} = {c}

try: {y} = {a} / func.grad(lambda v: v * v)({x}.data) + 1.0 / func.hessian(lambda v: v)({x}.data)
except ZeroDivisionError: {y} = {b}

def {u}(v):
    try: return 1.0 / v
    except ZeroDivisionError: return math.inf
{y} = {a} * {u}({x}.data) + {u}({b})

{u} = Value({x}.data)
({u} * {u}).backward()
try: {y} = {a} * (1.0 / {u}.grad)
except ZeroDivisionError: {y} = {b}

try: {y} = {a} * builtins.round({x}.data, -308) + builtins.round({x}.data)
except (OverflowError, ValueError): {y} = {b}

{y} = {a} * (0.0 if {x}.data == 0 else 1.0 / {x}.data)

{y} = {a} * ({x}.data and 1.0 / {x}.data)

try: {y} = {a} * (np.float64(1.0) / {x}.data + 1.0 / ({x}.data * np.float64(2.0)))
except ZeroDivisionError: {y} = {c}

try: {y} = {a} * float(Decimal(float({x}.data)) / Decimal(float({x}.data)))
except ArithmeticError: {y} = {b}

try: {y} = {a} * float(Fraction(1, 3) / Fraction({x}.data))
except (ArithmeticError, ValueError): {y} = {c}

try: {y} = {a} * statistics.stdev([{x}.data, 1.0]) + statistics.geometric_mean([{x}.data, 2.0])
except (ArithmeticError, ValueError, AttributeError): {y} = {b}

try: {y} = {a} * READER({x}.data) ** 2 + 1.0 / READER({x}.data)
except ArithmeticError: {y} = {c}

try: {y} = {a} * builtins.abs({x}.data * 2j + ({x}.data ** 1.5).real)
except ArithmeticError: {y} = {c}

{u} = 0
for v in ({x}.data, {x}.data - 1.0, {x}.data * 1e200):
    try: {u} += v ** 2 // v > 1
    except ArithmeticError: {u} += 10
{y} = {a} * {u} + {b}

{y} = {a} / ({x}.data + 0.0) + {b} ** {x}.data - {x}.data ** {c}
"""

# ----- More of Python's library and of its classes -----

LIBRARY = """
@lru_cache(maxsize=None)
def {u}(n): return {a} * n if n < 2 else {u}(n - 1) + {u}(n - 2) * 0.5
{y} = {u}(4)

try: {y} = sum(v * w for v, w in zip([{a}, {b}], [{c}], strict=True))
except ValueError: {y} = {a} * {k}

{y} = {a} if isinstance({b}, float) else {c}

{y} = isinstance({x} * 2.0, Value) * {c} + isinstance({x}.data * {k}, float)

{y} = {a} * len(f'{{float({b}):>12.4e}}|{{float({c})!r:<8}}|{{float({a}):,.1f}}')

{u} = list(merge([min({a}, {b}), max({a}, {b})], [{c}], key=lambda v: float(v) * 1.0))
{y} = {u}[0] - {u}[2] * {k}

@dataclass(frozen=True)
class {u}:
    v: Any
    w: Any = {k}
    def __post_init__(self): object.__setattr__(self, 'w', self.v * 0.5 + self.w)
{y} = {u}({a}).w * {u}({b}, {c}).w

def {u}(v):
    try: yield v
    except ValueError as cause: yield cause.args[0] * {k}
_{u} = {u}({a})
{y} = next(_{u}) + _{u}.throw(ValueError({b}))

{y} = sum(w for v in ({a}, {b}, {c}) if (w := v * {k}) {cmp} {level})

{u} = [_{u} := {a}, _{u} * {b}, _{u} + {c}]
{y} = {u}[1] - {u}[2]

match {a}:
    case float() | int(): {y} = {c} * 2.0
    case Value(): {y} = {b}
    case _: {y} = {b} * {k}

match {x}:
    case Value(data=d) if d {cmp} {level}: {y} = {a} * d
    case Value(data=d): {y} = {b} - d

{y} = reduce(operator.mul, [{a}, {b}, {c}]) + reduce(operator.add, [{a}], {k})

{u} = partial(max, {a})
{y} = {u}({b}, {k}) - {u}({c})

{u} = sorted(zip('cab', [{a}, {b}, {c}]), key=lambda pair: pair[1], reverse=True)
{y} = sum(v * i for i, (_, v) in enumerate({u})) + len(''.join(name for name, _ in {u}))

{u} = Counter('low' if v {cmp} {level} else 'high' for v in ({a}, {b}, {c}))
{y} = {a} * {u}['low'] + {b} * {u}.most_common(1)[0][1]

async def {u}(v): return v * {k}
try: {u}({a}).send(None)
except StopIteration as done: {y} = done.value + {b}

class {u}:
    def __set_name__(self, owner, name): self.name = '_' + name
    def __get__(self, o, owner): return getattr(o, self.name)
    def __set__(self, o, v): setattr(o, self.name, v * {k})
class {u}s: v = {u}()
_{u} = {u}s()
_{u}.v = {a}
{y} = _{u}.v + {b}

({y}, {u}), {u}s = func.value_and_grad(lambda v: (v * {b}, [v * 2.0, v > 0]), has_aux=True)({a})
{y} = {y} + {u}[0] * {u}s + {u}[1] * {c}

{u} = func.vjp(lambda v: (v * v, v > 0, True), {a})[1]
{y} = {u}(({b}, 0.0, 1.0))[0] + {c}

{y} = sum(func.grad(lambda v, w: v * w if w else v, (0, 1))({a}, {k})) + {b}

{y} = func.jvp(lambda v, w: [v * w, w], ({a}, {k}), ({b}, {k}))[1][0]

{u} = compile(lambda v, flag: v * v if flag else v * {c}, executor='interpreter')
{y} = {u}({a}, {b} {cmp} {level}) + {u}.grad({a}, np.bool_(True))[0] * {c}

{u} = compile(lambda flag, v: v * v * v if flag else v, executor='interpreter')
{y} = {u}.hvp((True, {a}), (0.0, {b}))[1] + {u}.value_and_grad(True, {x}.data)[1][1]

{u} = compile(lambda way, v: v * v if way == 'square' else v, executor='interpreter')
{y} = {u}('square', {a}) + {u}.grad('square', {b})[1] + {u}('', {c})

{y} = {a} * bool({b}) + (not {c}) + int(bool({a} and {b}))

def {u}(v, *, trace=None):
    if trace is not None: trace.append(v)
    return v if v {cmp} {level} else {u}(v * 0.5 + 1.0, trace=trace) if len(trace or '') < 4 else v
{u}s = []
{y} = {u}({a}, trace={u}s) + sum({u}s) * len({u}s)

{u} = {{name: f for name, f in zip('pq', (lambda v: v * {b}, lambda v: v - {c}))}}
{y} = {u}['p' if {a} {cmp} {level} else 'q']({a})

{u} = iter([{a}, {b}, {c}])
{y} = next({u}) * 2.0 + sum({u}) + next({u}, {k})

{y} = statistics.mean([float({a}), 1.0]) * {b} + statistics.fmean([1.0, 3.0], [0.5, 0.25]) * {c}
"""

# ----- Transforms in one another -----

NESTED = """
{y} = func.grad(func.grad(lambda v: {body} * v))({a}) * {b}

{y} = func.grad(lambda v: func.jvp(lambda w: w * w * v, (v,), ({b},))[1])({a})

{y} = sum(func.vmap(func.grad(lambda v: {body} * {c}))([{a}, {b}]))

{y} = func.grad(lambda v: sum(func.vmap(lambda w: w * v * w)([{a}, {b}])))({c})

{y} = checkpoint(lambda v: func.grad(lambda w: w * w * v)({b}), {a})

{y} = func.grad(lambda v: checkpoint(lambda w: {body} * w, v))({a}) * {b}

{y} = TRIPLED(TRIPLED({a})) + func.grad(TRIPLED)({b})

{u} = custom_rule(lambda v: {body}, lambda g, out, v: g * v * (2.0 if v {cmp} {level} else 0.5))
{y} = func.grad(lambda v: {u}(v) * v)({a}) + {u}({c})

{u} = func.vjp(lambda v, w: [v * w, v + w], {a}, {b})[1]
{y} = {u}([{c}, 1.0])[0] + {u}([{k}, {a}])[1]

{u} = func.linearize(lambda v: {body}, {a})[1]
{y} = {u}({b}) * {u}({c})

{y} = func.jvp(func.grad(lambda v: {body} * v), ({a},), ({b},))[1]

{u}, {u}s = func.value_and_grad(lambda v: v['p'] * v['q'][0])({{'p': {a}, 'q': [{b}, {c}]}})
{y} = {u} + {u}s['p'] * {u}s['q'][0] + {u}s['q'][1]

{u} = {a} * {b}
{y} = grad(grad({u} * {x} * {x}, {x}, create_graph=True) * {x}, {x}) + {c}

{u} = stop_gradient({a})
{y} = {a} * {u} + func.grad(lambda v: v * {u} * stop_gradient(v))({b})

with no_grad():
    {u} = {a} * {b}
{y} = {u} * {c} + func.grad(lambda v: v * {u})({a})

@no_grad()
def {u}(v): return v * v
{y} = {u}({a}) * {b}

{y} = func.hessian(lambda v: v[0] * v[0] * v[1])([{a}, {b}])[0][1] * {c}

{y} = sum(row[0] for row in func.jacfwd(lambda v: [v[0] * {c}, v[1] * v[0]])([{a}, {b}]))

{u} = {a}
for _{u} in range(2):
    {u} = {u} - func.grad(lambda v: (v * v - {b}) ** 2 * 0.01)({u}) * 0.1
{y} = {u} * {c}
"""

# ----- Compiled functions in others -----

COMPILED = """
@compile(executor='interpreter')
def {u}(v): return v * {b} + W0
{y} = {u}({a}) + {u}(0.5) - {u}({k})

@compile(executor='interpreter')
def {u}(v, w): return v * w if v {cmp} {level} else v - w * {c}
{y} = {u}({a}, 2.0) + {u}(1.5, {b}) + {u}(1.0, {x}.data)

{y} = READER({a}) + READER(1.0) * {b}

{y} = READER({x}.data) * {a} + READER({x}.detach())

{y} = READER(float({a})) * {b} + READER({k})

{u}, {u}s = READER.value_and_grad({a})
{y} = {u} * {b} + {u}s * {c}

{y} = READER.grad(0.5) * {a} + READER.value_and_grad(2.0)[1]

{y} = READER.jvp(({a},), ({b},))[1] + READER.jvp((1.5,), (1.0,))[1]

{y} = READER.hvp(({a},), ({b},)) * {c} + READER.hvp((1.5,), (1.0,))

{y} = HELPER(1.0, 2.0) * {a} + HELPER({b}, 0.5)

{y} = HELPER({x}.data, {a}) + HELPER({x}.detach(), 1.0) * {b}

{y} = HELPER.value_and_grad(1.0, 2.0)[1][1] * {a} + HELPER.grad({b}, 2.0)[0]

{y} = HELPER.hvp(({a}, {b}), ({c}, 1.0))[0] + HELPER.hvp((1.0, 2.0), (1.0, 0.5))[1]

{y} = VECTOR([{a}, {b}]) + VECTOR([1.0, 2.0]) * {c}

{y} = VECTOR([{a}, 0.5]) + VECTOR([{x}.data, {b}])

{u}, {u}s = VECTOR.value_and_grad([{a}, {b}])
{y} = {u} + {u}s[0] * {c} - {u}s[1]

{y} = VECTOR.grad([1.0, {a}])[0] + sum(VECTOR.grad([0.5, 2.0])) * {b}

{y} = VECTOR.jvp(([{a}, {b}],), ([1.0, {c}],))[1]

{y} = sum(VECTOR.hvp(([{a}, {b}],), ([{c}, 1.0],)))

@compile(executor='interpreter')
def {u}(v):
    return READER(v) * VECTOR([v, {a}]) + READER(1.0)
{y} = {u}({b}) + {u}(2.0)

{u} = compile(lambda v: READER.grad(v) * {a}, executor='interpreter')
{y} = {u}({b}) + {u}({k})

{u} = compile(lambda v, w: func.grad(lambda s: s * s * v + w)({a}), executor='interpreter')
{y} = {u}({b}, 1.0) + {u}(0.5, {c})

{y} = func.grad(lambda v: READER(v) * {b})({a}) + func.grad(READER)(0.75)

{y} = func.jvp(READER, ({a},), ({b},))[1] + func.hvp(READER, ({c},), (1.0,))

{y} = sum(func.vmap(READER)([{a}, {b}])) + checkpoint(READER, {c})

{u} = compile(lambda v: W0 * v + W1.data, executor='interpreter')
{y} = {u}({a}) + {u}(1.0) * {b}

{u} = compile(lambda v: grad(v * v * W0, v), executor='interpreter')
{y} = {u}({a}) * {b} + {u}(1.5)

{u} = compile(lambda v: v * float({a}) + {b}, executor='interpreter')
{y} = {u}({c}) + {u}(0.5)

{u} = [{a}]
{u}s = compile(lambda v: v * {u}[0], executor='interpreter')
{y} = {u}s({b})
{u}[0] = {c}
{y} = {y} + {u}s({b}) * {u}s(0.5)

{u} = {a}
def {u}f(v): return v * {u}
{u}s = compile({u}f, executor='interpreter')
{y} = {u}s({b})
{u} = {y} * {k}
{y} = {y} + {u}s(2.0)

with no_grad(): {u} = READER({a})
{y} = {u} * {b}
"""

# ----- What changes outside, of other kinds -----

CHANGING = """
{y} = {a} * SETTINGS.weight + {b}

{y} = {a} * SETTINGS.model['w'][0] + SETTINGS.model['w'][1] * {b}

{y} = {a} * SETTINGS.array[0] + {b} * SETTINGS.array.sum()

{y} = {a} * len(SETTINGS.stack) + sum(SETTINGS.stack, {b})

{y} = {a} * SETTINGS.mode.value if SETTINGS.mode is Mode.FAST else {b}

{y} = {a} if 'high' in SETTINGS.table else {b} * {k}

{y} = {a} * len(SETTINGS.names) if 'fast' in SETTINGS.names else {b}

{y} = SETTINGS.layers[0].forward({a}) + sum(layer.scale for layer in SETTINGS.layers) * {b}

{y} = {a} * SETTINGS.limit if {b} {cmp} SETTINGS.limit else {c}

{y} = {a} * SETTINGS.doubled + {b}

{y} = {a} * Layer.shared + {b} * getattr(SETTINGS, 'rate')

{y} = {a} * (SETTINGS.nothing or 2.0) + {b}

{y} = {a} * float(SETTINGS.text) + len(SETTINGS.text) * {b}

{y} = {a} * SETTINGS.pair[0] + {b} * max(SETTINGS.pair)

{y} = sum(v * w for v, w in zip(SETTINGS.queue, [{a}, {b}, {c}]))

{y} = shifted({a}) * {b}

{y} = {a} * next(iter(SETTINGS.table.values())) + {b}

{y} = {a} * SETTINGS.weight.data + grad(SETTINGS.weight * {b} * SETTINGS.weight, SETTINGS.weight)

{y} = {a} * isinstance(SETTINGS.apply({x}), Value) + SETTINGS.apply({c})

{y} = {a}
for {u}, {u}s in SETTINGS.table.items(): {y} = {y} * {u}s + len({u})

{y} = {a} * (SETTINGS.weight > 0) + ({b} if SETTINGS.weight {cmp} {level} else {c})

{y} = {a} * sum(SETTINGS.numbers) + {b} * len(bytes(SETTINGS.bytes))
"""

# ----- What is kept from one call to the next -----

KEPT = """
{y} = counted({a}) * {b}

{y} = AVERAGED({a}) + {b}

{y} = remembered({a}) * {b} + {c}

{y} = listed({a}) - {b}

{y} = with_default_list({a}) + {b} * {c}

{y} = tallied({a}) + {b} if {c} {cmp} {level} else {b}

{y} = MOVING({a}, {b})

{y} = once({a}, {b}) * {c}

{y} = {a} * next(TICKS) + {b}

{y} = {a} * CHANCE.random() + {b}

{y} = {a} + FED.send(float({b}))

{y} = seen_before({a}) * {b} + {c}

{y} = on_grid({a}) + {b}

{y} = {a}
if {b} {cmp} {level}: {y} = counted({y}) + listed({c})

{y} = CLOSED({a}) + CLOSED({b}) * {c}

try: {y} = third_fails({a})
except RuntimeError: {y} = {b} * 2.0

{y} = turned({a}) + {b}

{y} = LINE[0] * {a} + enqueued({b})

{y} = Numbered({a}).number * {b} + {c}

{y} = halved({a}, {b})

{y} = previous({a}) + {b}
"""

# What stands above a function in its module, where it is named.
ABOVE = {
    "READER": """
@compile(executor='interpreter')
def READER(v):
    return v * W0 + LEVEL if v > 0 else v * v * W1
""",
    "VECTOR": """
@compile(executor='interpreter')
def VECTOR(v):
    return v[0] * v[1] * W1 + sum(v) * W0
""",
    "TRIPLED": """
TRIPLED = custom_rule(lambda v: v * v, lambda g, out, v: g * 3.0 * v)
""",
    "shifted": """
def shifted(v):
    return v * W0 + SETTINGS.rate
""",
    "counted": """
COUNT = 0
def counted(v):
    global COUNT
    COUNT += 1
    return v * COUNT
""",
    "AVERAGED": """
class Averaged:
    def __init__(self): self.mean, self.count = 0.0, 0
    def __call__(self, v):
        self.count += 1
        self.mean += (float(v) - self.mean) / self.count
        return v - self.mean
AVERAGED = Averaged()
""",
    "remembered": """
MEMO = {}
def remembered(v):
    key = f'{float(v):.0f}'
    if key not in MEMO: MEMO[key] = float(v)
    return v * MEMO[key]
""",
    "listed": """
HISTORY = []
def listed(v):
    HISTORY.append(float(v))
    return v * len(HISTORY) + sum(HISTORY[-2:])
""",
    "with_default_list": """
def with_default_list(v, seen=[]):
    seen.append(1.0)
    return v * sum(seen)
""",
    "tallied": """
def tallied(v):
    tallied.calls = getattr(tallied, 'calls', 0) + 1
    return v / tallied.calls
""",
    "MOVING": """
class Moving:
    def __init__(self): self.velocity = {}
    def __call__(self, v, g):
        self.velocity['w'] = 0.5 * self.velocity.get('w', 0.0) + float(g)
        return v - 0.1 * self.velocity['w']
MOVING = Moving()
""",
    "once": """
IS_FIRST = [True]
def once(v, w):
    if IS_FIRST[0]:
        IS_FIRST[0] = False
        return v
    return w * 2.0
""",
    "TICKS": """
TICKS = count(1)
""",
    "CHANCE": """
CHANCE = Random(5)
""",
    "FED": """
def feed():
    total = 0.0
    while True: total = total * 0.5 + (yield total)
FED = feed()
next(FED)
""",
    "seen_before": """
SEEN = set()
def seen_before(v):
    key = bool(v > 0.5)
    is_new = key not in SEEN
    SEEN.add(key)
    return v * 3.0 if is_new else v
""",
    "on_grid": """
GRID = np.zeros(2)
def on_grid(v):
    GRID[int(v > 0)] += 0.5
    return v * GRID[0] - GRID[1]
""",
    "CLOSED": """
def closed():
    total = 1.0
    def step(v):
        nonlocal total
        total = total * 0.5 + 1.0
        return v * total
    return step
CLOSED = closed()
""",
    "third_fails": """
TRIES = {'n': 0}
def third_fails(v):
    TRIES['n'] += 1
    if TRIES['n'] % 3 == 0: raise RuntimeError
    return v * TRIES['n']
""",
    "turned": """
TURNS = [lambda v: v, lambda v: v * v, abs]
def turned(v):
    TURNS.append(TURNS.pop(0))
    return TURNS[0](v)
""",
    "enqueued": """
LINE = deque([1.0, 2.0], maxlen=2)
def enqueued(v):
    LINE.append(LINE[0] * 0.5 + 0.25)
    return v * LINE[1]
""",
    "Numbered": """
class Numbered:
    made = 0
    def __init__(self, v):
        type(self).made += 1
        self.number = v * type(self).made
""",
    "halved": """
RATE = {'rate': 1.0, 'best': math.inf}
def halved(v, w):
    if v < RATE['best']: RATE['best'] = float(v)
    else: RATE['rate'] *= 0.5
    return v - RATE['rate'] * w
""",
    "previous": """
LAST = SimpleNamespace(v=0.5)
def previous(v):
    before, LAST.v = LAST.v, float(v)
    return v * before
""",
}

# ----- What becomes of the function itself -----

FORMS = [
    """
_f = f
@wraps(_f)
def f(*args, **named): return _f(*args, **named)
""",
    """
class Model:
    def __init__(self): self.run = f
    def call(self, *args, **named): return self.run(*args, **named)
f = Model().call
""",
    """
class Model:
    rate = LEVEL
    def __init__(self, inner): self.inner = inner
    def forward(self, p0, p1=0.0): return self.inner(*([p0, p1][:COUNT]))
COUNT = f.__code__.co_argcount if f.__defaults__ is None else f.__code__.co_argcount - 1
f = Model(f).forward
""",
    """
class Model:
    __name__ = 'model'
    def __init__(self, inner): self.inner, self.__wrapped__ = inner, inner
    def __call__(self, *args, **named): return self.inner(*args, **named)
f = Model(f)
""",
    """
f = partial(f)
""",
    """
class Base:
    @staticmethod
    def run(*args, **named): return inner(*args, **named)
inner = f
f = Base().run
""",
]

IDIOMS = {
    "objects": OBJECTS,
    "errors": ERRORS,
    "sorting": SORTING,
    "text": TEXT,
    "mixed": MIXED,
    "maths": MATHS,
    "numpy": NUMPY,
    "higher": HIGHER,
    "keys": KEYS,
    "plain": PLAIN,
    "raising": RAISING,
    "library": LIBRARY,
    "nested": NESTED,
    "compiled": COMPILED,
    "changing": CHANGING,
    "kept": KEPT,
}
