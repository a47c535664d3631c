"""Without numba and NumPy the interpreter does it all."""

import sys

import forks

CODE = """
import pickle, sys, warnings
for name in ("numba", "numpy", "llvmlite"):
    sys.modules[name] = None  # as if it were not installed
from pluggrad import CompileError, CompileWarning, Value, compile
from pluggrad.ops import tanh

x, y = Value(0.5), Value(2.0)
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    program = compile(tanh(x) * y)
(warning,) = seen
assert warning.category is CompileWarning
assert "numba and numpy not installed; pip install 'pluggrad[compile]'" in str(warning.message)
loss = tanh(x) * y
loss.backward()
expected = x.grad, y.grad
x.grad = y.grad = 0.0
assert program() == loss.data
assert (x.grad, y.grad) == expected
program.parameters[0] = 1.0
program.step()
assert list(program.results) == [(tanh(1.0)) * 2.0]
loaded = pickle.loads(pickle.dumps(compile(x * y, executor="interpreter")))
loaded.step()
assert list(loaded.gradients) == [2.0, 0.5]

@compile(executor="interpreter")
def f(x, y):
    return x * y if x > 0 else x - y

assert (f(2.0, 3.0), f(-2.0, 3.0)) == (6.0, -5.0)
assert f.value_and_grad(2.0, 3.0) == (6.0, (3.0, 2.0))
try:
    compile(x * y, executor="numba")
except CompileError as error:
    assert "not installed" in str(error)
else:
    raise AssertionError("it was compiled")
print("done")
"""


def test_the_interpreter_does_it_all() -> None:
    found = forks.run([sys.executable, "-c", CODE])
    assert (found.stdout, found.stderr) == ("done\n", "")


BROKEN = """
import sys, warnings
from importlib.machinery import ModuleSpec

class Broken:
    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self) if name == "llvmlite" else None
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        raise ImportError("llvmlite needs another Python.")

sys.meta_path.insert(0, Broken())
from pluggrad import Value, compile

x = Value(3.0)
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    program = compile(x * x)
print(program(), x.grad, len(seen), seen[0].message)
print(seen[0].filename)
"""


def test_a_numba_that_cannot_be_imported_is_as_good_as_none() -> None:
    found = forks.run([sys.executable, "-c", BROKEN])
    assert found.stderr == ""
    line, where = found.stdout.splitlines()
    assert line.startswith("9.0 6.0 1 numba cannot be used here: llvmlite needs another Python. T")
    assert where == "<string>"
