"""Comparing what was translated with Python: it is called where the two may part."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

from pluggrad import Op

from ..native.library import library
from .llvm_text import declarations
from .probing import check_against_python, check_rule_against_python, loops_in


def compare_forward(
    op: Op, name: str, made_from: str, text: str, modules: list[str], what: str
) -> None:
    """Compare a translated forward function with the op, at many points and at all edges.

    Parameters:
        op: what it should compute.
        name: of the translated function.
        made_from: its fingerprint.
        text: its LLVM text, or nothing where it stands in a module.
        modules: the modules that it needs.
        what: what it is called in messages.

    Raises:
        CompileError: with the numbers.
    """
    probe_name = f"probe_{name}_{made_from[:8]}"
    probe = _probe(name, op.arity, probe_name, declare=not text)
    whole = "\n".join([text, *declarations([text]), probe])
    address = library().address(probe_name, lambda: (whole, modules), made_from)
    check_against_python(op, op.evaluate, _called(address, op.arity), what, loops_in(op.forward))


def compare_rule(op: Op, index: int, name: str, what: str, text: str) -> None:
    """Compare numba's code of a rule with what the engine makes of the rule, at all edges.

    Numba takes some Python another way, silently: in its eyes `type(x) is float` is False. And its
    code gives a number where Python raises, or leaves the real numbers.

    Parameters:
        op: whose rule it is.
        index: of which operand.
        name: of the translated function.
        what: what it is called in messages.
        text: numba's module.

    Raises:
        CompileError: with the numbers.
    """
    count = 2 + op.arity
    address = library().address(f"probe_{name}", lambda: (_probe(name, count), [text]), text)
    check_rule_against_python(op, index, _called(address, count), what)


def _called(address: int, count: int) -> Callable[..., float]:
    """Make a function of numbers from the address of one that reads them from memory."""
    probe = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_void_p)(address)
    return lambda *numbers: float(probe((ctypes.c_double * count)(*numbers)))


def _probe(name: str, count: int, probe: str = "", *, declare: bool = True) -> str:
    """Write a function that reads its arguments from memory and calls another one."""
    lines = [f"declare double @{name}({', '.join(['double'] * count)})"] if declare else []
    lines += [f"define double @{probe or f'probe_{name}'}(ptr %x) {{"]
    for k in range(count):
        lines += [f"  %p{k} = getelementptr double, ptr %x, i64 {k}"]
        lines += [f"  %a{k} = load double, ptr %p{k}"]
    listed = ", ".join(f"double %a{k}" for k in range(count))
    lines += [f"  %y = call double @{name}({listed})", "  ret double %y", "}"]
    return "\n".join(lines)
