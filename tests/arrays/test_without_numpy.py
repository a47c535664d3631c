"""Without NumPy everything is there, and what needs it says so when it is called."""

import sys

import forks

CODE = """
import sys
for name in ("numpy", "numba", "sympy"):
    sys.modules[name] = None  # as if it were not installed
from pluggrad import *
import pluggrad

x = Value(2.0)
assert not isinstance(x, ValueArray)
for call in (lambda: values([1.0]), lambda: ValueArray([1.0])):
    try:
        call()
    except ModuleNotFoundError as error:
        assert "needs NumPy, which is not installed: pip install numpy" in str(error), error
        assert error.name == "numpy"
    else:
        raise AssertionError("it was made")
f = compile(lambda p, x: p * x, executor="interpreter")
for package, extra, call in (
    ("numpy", "compile", lambda: f.jacobian(2.0, 3.0)),
    ("numpy", "compile", lambda: f.hessian(2.0, 3.0)),
    ("numpy", "compile", lambda: compile(lambda p, x: p * x, in_axes=(None, 0))),
    ("numpy", "compile", lambda: func.vmap(f)([1.0], [2.0])),
    ("sympy", "sympy", lambda: from_sympy("x")),
    ("sympy", "sympy", lambda: to_sympy(x)),
):
    try:
        call()
    except ModuleNotFoundError as error:
        told = f"needs {package}, which is not installed: pip install 'pluggrad[{extra}]'"
        assert told in str(error), error
        assert error.name == package
    else:
        raise AssertionError(f"it works without {package}")
assert f(2.0, 3.0) == 6.0
assert {name for name in pluggrad.__all__ if not hasattr(pluggrad, name)} == set()
print("done")
"""


def test_a_star_import_gives_every_name_and_arrays_say_what_they_need() -> None:
    found = forks.run([sys.executable, "-c", CODE])
    assert (found.stdout, found.stderr) == ("done\n", "")
