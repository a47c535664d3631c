"""An op's forward function and rules as LLVM functions on floats.

What can be traced is written down directly, see llvm_text.py; pluggrad's own functions that branch
are read from their source, see source_text.py; all else goes through numba. What it gave is kept on
disk, and why it gave nothing, so that a process which finds it there need not import numba, which
alone takes half a second.
"""

from __future__ import annotations

import hashlib
import math
import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from pluggrad import CompileError, Op
from pluggrad.errors import TraceError

from ..capture.reads import Reads
from ..capture.recorded import AsItStands
from ..native.cache import Cache
from ..native.library import making
from ..tape.fingerprint import fingerprint, is_built_in
from .comparison import compare_forward, compare_rule
from .decimals import by_digits, by_text
from .effects import entered, left
from .llvm_text import C_FUNCTIONS, INTRINSICS, body_of, literal
from .probing import check_python, check_reads, check_unchanged, codes_of, raises_in_python


def _call(name: str, count: int) -> str:
    return f"call double @{name}({', '.join(f'double %a{i}' for i in range(count))})"


# Forward functions of the standard library that are one instruction or one call.
INSTRUCTIONS: dict[Any, str] = {
    operator.add: "fadd double %a0, %a1",
    operator.sub: "fsub double %a0, %a1",
    operator.mul: "fmul double %a0, %a1",
    operator.truediv: "fdiv double %a0, %a1",
    operator.neg: "fneg double %a0",
    math.fmod: "frem double %a0, %a1",
    **{
        getattr(math, name): _call(f"llvm.{name}.f64", n)
        for name, n in INTRINSICS.items()
        if hasattr(math, name)  # which are more in later Pythons
    },
    **{getattr(math, name): _call(name, n) for name, n in C_FUNCTIONS.items()},
}


@dataclass(frozen=True)
class Function:
    """One LLVM function of floats: `define internal double @name(double ...) { text }`.

    Attributes:
        name: its name.
        text: its definition, and what else it needs.
        used: which of its parameters it reads; `g`, `out`, `a0`, `a1`, ...
        calls: the functions that it calls.
        is_module: whether `text` is a module of its own, as numba gives it.
        is_identity: whether it gives `g` as it is.
    """

    name: str
    text: str
    used: frozenset[str]
    calls: tuple[Function, ...] = ()
    is_identity: bool = False
    is_module: bool = False

    def closure(self) -> Iterable[Function]:
        """Return this function and all that it calls, each once."""
        found: dict[str, Function] = {}
        pending = [self]
        while pending:
            function = pending.pop()
            if function.name not in found:
                found[function.name] = function
                pending += function.calls
        return found.values()


@dataclass
class Translator:
    """Translates ops, each once."""

    cache: Cache
    # By the op and a fingerprint of what its functions read, which may change.
    _forwards: dict[tuple[Op, str], Function] = field(default_factory=dict)
    _rules: dict[tuple[Op, int, str], Function | None] = field(default_factory=dict)
    # Why numba could not: it takes as long to give up as to translate.
    _refused: dict[str, str] = field(default_factory=dict)

    def forward(self, op: Op) -> Function:
        """Translate an op's forward function.

        Raises:
            CompileError: where numba cannot, with its reason.
        """
        what = "forward function"
        # A fingerprint looks at all that is read, however much that is.
        reads = None if is_built_in(op) else check_reads(op, op.forward, what)
        key = op, "" if is_built_in(op) else fingerprint(op.forward, op.ieee)
        found = self._forwards.get(key)
        if found is None:
            stem = f"f_{_ascii(op.name)}"
            parameters = [f"a{i}" for i in range(op.arity)]
            instruction = _instruction(op)
            what = "forward function"
            if instruction is not None:
                lines = [f"  %v0 = {instruction}"]
                found = _defined(stem, parameters, lines, "%v0", frozenset(parameters), ())
            else:
                found = self._translated(op, stem, op.forward, parameters, what, reads)
            if not found.is_module and raises_in_python(op):
                found = self._checked_forward(op, stem, found, parameters, what)
            self._forwards[key] = found
        return found

    def _checked_forward(
        self, op: Op, stem: str, found: Function, parameters: list[str], what: str
    ) -> Function:
        """Check that what IEEE 754 says where Python raises is what the op says."""
        made_from = fingerprint(op.forward, op.ieee, op.arity)
        key = f"ieee {found.name} {made_from}"
        if self.cache.read(key) is None:
            text = "".join(f.text for f in found.closure() if not f.is_module)
            modules = [f.text for f in found.closure() if f.is_module]
            text += "".join(
                f"declare double @{f.name}({', '.join(['double'] * len(f.used))})\n"
                for f in found.closure()
                if f.is_module
            )
            try:
                compare_forward(op, found.name, made_from, text, modules, what)
            except CompileError:
                if op.ieee is None:
                    raise
                return self._as_module(op, stem, op.forward, parameters, what)
            self.cache.write(key, b"1")
        return found

    def rule(self, op: Op, index: int) -> Function | None:
        """Translate the rule of one operand; None where there is none.

        Raises:
            CompileError: where numba cannot, with its reason.
        """
        rule, what = op.rules[index], f"rule of operand {index}"
        reads = None if rule is None or is_built_in(op) else check_reads(op, rule, what)
        key = op, index, "" if is_built_in(op) else fingerprint(rule)
        if key not in self._rules:
            parameters = ["g", "out", *(f"a{i}" for i in range(op.arity))]
            stem = f"r{index}_{_ascii(op.name)}"
            self._rules[key] = (
                None if rule is None else self._translated(op, stem, rule, parameters, what, reads)
            )
        return self._rules[key]

    def strong(self, rule: Function | None, arity: int) -> Function | None:
        """Wrap a rule so that 0 wins where it gives nan: see `pluggrad.strong_zero`."""
        if rule is None or rule.is_identity:
            return rule
        parameters = ["g", "out", *(f"a{i}" for i in range(arity))]
        others = "".join(f", double %{x}" for x in parameters[1:])
        lines = [
            f"  %part = call double @{rule.name}(double %g{others})",
            f"  %local = call double @{rule.name}(double {literal(1.0)}{others})",
            "  %is_nan = fcmp uno double %part, %part",
            f"  %no_gradient = fcmp oeq double %g, {literal(0.0)}",
            f"  %no_slope = fcmp oeq double %local, {literal(0.0)}",
            "  %blocked = or i1 %no_gradient, %no_slope",
            "  %product = fmul double %g, %local",
            f"  %strong = select i1 %blocked, double {literal(0.0)}, double %product",
            "  %share = select i1 %is_nan, double %strong, double %part",
        ]
        used = rule.used | {"g"}
        return _defined(f"s_{rule.name[:40]}", parameters, lines, "%share", used, (rule,))

    def _translated(
        self,
        op: Op,
        stem: str,
        function: Callable[..., Any],
        parameters: list[str],
        what: str,
        reads: Reads | None,
    ) -> Function:
        check_python(op, codes_of(function), what)
        calls: dict[str, Function] = {}

        def call(called: Op) -> str:
            with left():
                forward = self.forward(called)
            calls[forward.name] = forward
            return forward.name

        try:
            with entered() as codes:
                body = body_of(function, parameters, call)
            check_python(op, codes, what)
            check_unchanged(op, reads, what)
        except TraceError as cause:
            check_unchanged(op, reads, what)
            if isinstance(op, AsItStands):  # of which nothing else can be translated either
                raise CompileError(f"{op.calls} is called as it stands: {cause}") from None
            return self._as_module(op, stem, function, parameters, what)
        return _defined(stem, parameters, *body, tuple(calls.values()))

    def _read(self, op: Op, stem: str, what: str) -> Function | None:
        """Translate one of pluggrad's own forward functions from its source, if it has the words.

        numba could, too, but to import it takes longer than all the rest.
        """
        if not (getattr(op.forward, "__module__", None) or "").startswith("pluggrad."):
            return None
        made_from = fingerprint(op.forward, op.ieee, op.arity)
        name = f"{stem}_read_{made_from[:16]}"
        kept = self.cache.read(f"read {name} {made_from}")
        if kept is None:
            from .source_text import module_of

            try:
                text = module_of(op, name)
                compare_forward(op, name, made_from, "", [text], what)
            except (TraceError, CompileError):
                text = ""
            kept = text.encode()
            self.cache.write(f"read {name} {made_from}", kept)
        used = frozenset([f"a{i}" for i in range(op.arity)])
        return Function(name, kept.decode(), used, is_module=True) if kept else None

    def _as_module(
        self, op: Op, stem: str, function: Callable[..., Any], parameters: list[str], what: str
    ) -> Function:
        is_forward = function is op.forward
        if is_forward and (found := self._read(op, stem, what)) is not None:
            return found
        instead = op.ieee if is_forward else None
        # It may take *operands; and a rule is compared where the forward function has a result.
        others = (instead, op.forward, op.ieee, len(parameters), by_digits, by_text)
        made_from = fingerprint(function, *others)
        name = f"{stem}_{made_from[:16]}"
        key = f"compared {name} {made_from}"
        kept = self.cache.read(key)
        if kept is None:
            # numba's reason may name a line.
            places = sorted((x.co_filename, x.co_firstlineno) for x in codes_of(function))
            refused = f"refused {op.name} {fingerprint(*places)} {key}"
            if (refusal := self._refusal(refused)) is not None:
                raise CompileError(refusal)
            try:
                kept = _by_numba(op, function, parameters, name, made_from, what).encode()
            except CompileError as error:
                self._refuse(refused, error)
                raise
            self.cache.write(key, kept)
        return Function(name, kept.decode(), frozenset(parameters), is_module=True)

    def _refusal(self, key: str) -> str | None:
        """Return why a function was not translated before, in this process or another one."""
        found = self._refused.get(key)
        if found is None and (kept := self.cache.read(key)) is not None:
            found = self._refused[key] = kept.decode()
        return found

    def _refuse(self, key: str, error: CompileError) -> None:
        cause = error.__cause__
        if isinstance(cause, MemoryError | RecursionError):
            return
        self._refused[key] = str(error)
        if cause is None or _is_of_the_function(cause):
            self.cache.write(key, str(error).encode())


def _by_numba(
    op: Op,
    function: Callable[..., Any],
    parameters: list[str],
    name: str,
    made_from: str,
    what: str,
) -> str:
    """Have numba translate a function, and compare what it gives with what Python gives."""
    is_forward = function is op.forward
    instead = op.ieee if is_forward else None
    try:
        with making:
            from .numba_front import numba_ir

            text = numba_ir(function, ["double"] * len(parameters), name, instead=instead)
    except Exception as cause:
        raise _untranslated(op, what, cause) from cause
    try:
        if is_forward:
            compare_forward(op, name, made_from, "", [text], what)
        else:
            compare_rule(op, op.rules.index(function), name, what, text)
    except RuntimeError as cause:  # it calls a function that is nowhere to be found
        raise _untranslated(op, what, cause) from cause
    return text


def _is_of_the_function(cause: BaseException) -> bool:
    """Tell whether numba refuses the function, anywhere and at any time.

    That a library is missing, or that memory is short here, is no reason tomorrow; what numba's
    memory is needed for, it needs everywhere.
    """
    if type(cause) is RuntimeError:
        return "calls NRT_" in str(cause)
    is_numbas = type(cause).__module__.startswith("numba.") or type(cause) is TypeError
    return is_numbas and not re.search("RecursionError|MemoryError|recursion depth", str(cause))


def _untranslated(op: Op, what: str, cause: Exception) -> CompileError:
    return CompileError(f"op {op.name!r}: numba cannot translate its {what}: {_shortly(cause)}")


def _ascii(name: str) -> str:
    """Write a name in the letters that LLVM takes as they are."""
    return re.sub(r"\W", "_", name, flags=re.ASCII)


def _instruction(op: Op) -> str | None:
    """Return the instruction that an op is, of as many operands; `math.log` may have a base."""
    try:
        found = INSTRUCTIONS.get(op.forward)
    except TypeError:  # it has no hash
        return None
    return found if found and found.count("%a") == op.arity else None


def _defined(
    stem: str,
    parameters: Iterable[str],
    lines: list[str],
    result: str,
    used: frozenset[str],
    calls: tuple[Function, ...],
) -> Function:
    """Write a function down, under a name that changes when its text does."""
    listed = ", ".join(f"double %{x}" for x in parameters)
    body = "\n".join([*lines, f"  ret double {result}"])
    name = f"{stem}_{hashlib.sha256(body.encode()).hexdigest()[:16]}"
    text = f"define internal double @{name}({listed}) alwaysinline nounwind {{\n{body}\n}}\n"
    return Function(name, text, used, calls, is_identity=result == "%g")


def _shortly(cause: Exception) -> str:
    """Find the line of numba's long messages that says what is the matter."""
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).strip() for line in str(cause).splitlines()]
    telling = [line for line in lines if line and not line.startswith(("Failed in", "During:"))]
    return f"{type(cause).__name__}: {telling[0][:300] if telling else 'no reason given'}"
