"""Program: a recorded graph, frozen, that computes again whenever it is called."""

from __future__ import annotations

import math
import os
import sys
from array import array
from collections.abc import Callable, Sequence
from typing import Any

from pluggrad import CompileError, Graph, Value
from pluggrad.gradient import hooked, hooks
from pluggrad.hints.values import moving_hint
from pluggrad.progress import waiting
from pluggrad.recording import switch
from pluggrad.topology import alone, topological_order

from .assigned import as_floats, check_count
from .capture.inside import refuse_inside
from .capture.places import check_of
from .capture.reads import read_by
from .capture.ruled import op_of
from .portable import files, tapes
from .portable.fields import Fields, number_text
from .run.back import write, write_and_add
from .run.buffers import as_buffer, copied, listed, shown
from .run.executor import MATHS, Executor, check_math, executor_for
from .run.finite import first_not_finite
from .run.report import Report, report
from .tape.data import Tape
from .tape.fingerprint import check_ops, fingerprint, is_built_in
from .tape.interpreter import Interpreter
from .tape.writing import recorded_tape
from .warning import counted


class Program:
    """A recorded graph that computes again, forward and backward, from flat arrays.

    Calling it does what recording the loss anew and `loss.backward()` would do, leaves
    accumulating: it reads `data` of the leaves, computes, writes `data` of the outputs, and adds to
    `grad` of the leaves. Interior values of the graph are left as they were. `step()` does the same
    without touching the Values, on the arrays `parameters` and `gradients`.

    Parameters:
        outputs: the Value to compute, or several; gradients are those of their sum.
        wrt: the leaves whose gradients are wanted, in this order; all that require one, if not
            given.
        inputs: further leaves to read anew for each run. If not given, these are all leaves that
            something besides the graph still refers to; plain numbers in an expression are not.
        executor: `auto`, `numba` (or an error), or `interpreter`.
        check_finite: look for nan and inf after each run, and raise when there is one.
        math: `vector` lets tanh in long loops be a function of our own, which gives the numbers of
            Python's `math` but for the last bits; `libm` keeps to that of the C library.

    Attributes:
        parameters: the values of `wrt`, an array. Assign into it: `parameters[:] = ...`.
        gradients: the gradients of `wrt` that the last run found, an array.
        results: the values of the outputs, an array.
        inputs: the values of all leaves that are read, `parameters` first, an array.
        seeds: what gradients start from, an array of one 1.0 for each output.
        executor: the executor that runs it.

    Raises:
        CompileError: when the graph cannot be compiled, saying why.

    >>> from pluggrad import Value
    >>> from pluggrad.compiler import Program
    >>> x = Value(3.0)
    >>> program = Program(x * x, executor="interpreter")
    >>> x.data = 5.0
    >>> program(), x.grad
    (25.0, 10.0)
    """

    inputs: Any
    parameters: Any
    gradients: Any
    results: Any
    seeds: Any
    _hooks = 0  # how many were put on Values when this looked whether any of its own has one

    def __init__(
        self,
        outputs: Value | Sequence[Value],
        wrt: Sequence[Value] | Value | None = None,
        *,
        inputs: Sequence[Value] | None = None,
        executor: str = "auto",
        check_finite: bool = False,
        math: str = "vector",
    ) -> None:
        self._single = isinstance(outputs, Value)
        given: list[Value] = [outputs] if isinstance(outputs, Value) else list(outputs)
        for x in given:
            if not isinstance(x, Value):
                hint = moving_hint(x, "compile a function, and call it there")
                raise CompileError(f"a Program is made of Values, not {type(x).__name__}{hint}")
        if not given:
            raise CompileError("a Program has at least one output")
        self._check_hooks(given)
        wanted = [wrt] if isinstance(wrt, Value) else wrt if wrt is None else list(wrt)
        with waiting():
            self.tape, self.wrt, self._read = recorded_tape(given, wanted, inputs, op_of)
        # Who names leaves chooses; else all have to get a gradient that require one.
        self._frozen = self._read[len(self.wrt) :] if wanted is None else []
        if not self._read:
            raise CompileError(
                "a Program needs inputs: this graph was computed from plain numbers only, so it "
                "would give the same result each time"
            )
        self._outputs = given
        self._check_finite = check_finite
        self._choice = executor
        self._math = check_math(math)
        self._start(executor_for(self.tape, executor, math=math))

    def _check_hooks(self, outputs: list[Value]) -> None:
        self._hooks = hooks.changes
        if hooked(topological_order(outputs) if hooks else ()):
            self._hooks = -1  # look again
            raise CompileError(
                "a value of this graph has a hook of on_gradient(), which compiled code would not "
                "call. Remove the hook, or call backward()"
            )

    def _start(self, executor: Executor) -> None:
        self.executor = executor
        self._look_again()
        inputs = shown(executor.inputs)
        self.__dict__.update(
            inputs=inputs,
            parameters=inputs[: len(self.tape.wrt)],
            gradients=shown(executor.gradients),
            results=shown(executor.outputs),
            seeds=shown(executor.seeds),
        )
        alone = executor.name == "numba" and not (self._places or self._check_finite)
        self._run = executor.run_both if alone else None  # type: ignore[attr-defined]
        self._move = self._moves() if executor.name == "numba" and self._read else None

    def _moves(self) -> tuple[Callable[[], None], Callable[[], None]]:
        """Make what moves numbers of Values into `inputs`, and `gradients` to Values."""
        from .run.values import adder, reader

        frozen = len(self._read) - len(self._frozen)
        read = reader(self._read, self.inputs, frozen, self._check_frozen)
        return read, adder(self.wrt, self.gradients)

    def __setattr__(self, name: str, thing: Any) -> None:
        """Write into the array of this name, rather than put another one in its place."""
        if name in ("inputs", "parameters", "seeds"):
            numbers = getattr(self, name)
            check_count(name, thing, len(numbers))
            numbers[:] = as_floats(name, thing)
        elif name in ("gradients", "results"):
            raise CompileError(f"program.{name} is what a run gives; copy it instead")
        elif not (name.startswith("_") or name in ("executor", "tape", "wrt")):
            raise AttributeError(
                f"a program has no {name!r} to set; available: parameters, inputs, seeds"
            )
        else:
            object.__setattr__(self, name, thing)

    def __len__(self) -> int:
        return len(self.tape)

    def __repr__(self) -> str:
        return (
            f"<Program of {counted(len(self.tape), 'node')}, "
            f"{counted(len(self.tape.inputs), 'input')} and "
            f"{counted(len(self.tape.outputs), 'output')}, in {self.executor.name}>"
        )

    # ----- With Values -----

    def __call__(self) -> float | tuple[float, ...]:
        """Read the leaves, compute, write outputs and gradients back; return the output's value.

        Raises:
            CompileError: when a value is not a number, or `check_finite` finds one not finite.
        """
        self.read()
        self.step()
        self.write()
        results = self.results.tolist()
        return float(results[0]) if self._single else tuple(results)

    def read(self) -> None:
        """Read `data` of the leaves into `inputs`."""
        values = self._values()
        if self._move is None:
            self._check_frozen()
            self.inputs[:] = listed([x._number for x in values])
        else:
            self._move[0]()

    def _check_frozen(self) -> None:
        """Check that no leaf requires a gradient that required none when this was compiled.

        Raises:
            CompileError: naming it.
        """
        for x in self._frozen:
            if x.requires_grad:
                raise CompileError(
                    f"{repr(x.label) if x.label else 'a leaf'} requires a gradient now, and did "
                    "not when this program was compiled, which would give it none: compile the "
                    "loss again, or name its leaves with wrt="
                )

    def write(self) -> None:
        """Write the results to the outputs' `data`, and add the gradients to the leaves' `grad`.

        All of them, or where it is interrupted, none.
        """
        self._values()
        outputs, results = self._outputs, self.results.tolist()
        if self._move is None:
            alone("a step", (self.wrt,), write, outputs, results, self.wrt, self.gradients.tolist())
        else:
            alone("a step", (self.wrt,), write_and_add, outputs, results, self.wrt, self._move[1])

    @property
    def outputs(self) -> list[Value]:
        """The Values that it computes; none of them is left after a pickle."""
        return list(self._outputs)

    def _values(self) -> list[Value]:
        if len(self._read) != len(self.tape.inputs):
            raise CompileError(
                "a Program that was loaded, or went through a pickle, has left its Values behind; "
                "use its arrays: parameters, step(), gradients, results"
            )
        if self._hooks != hooks.changes:
            self._check_hooks(self._outputs)
        return self._read

    # ----- On arrays -----

    def forward(self) -> Any:
        """Compute `results` from `inputs`, and give them: a float, or a copy of the array."""
        self._get_ready()
        self.executor.forward()
        if self._check_finite:
            self._check(self.results)
        return self.results.tolist()[0] if self._single else copied(self.results)

    def backward(self) -> Any:
        """Compute `gradients` from `seeds`, after `forward`; return a copy of the array."""
        self._get_ready()
        self.executor.backward()
        if self._check_finite:
            self._check(self.gradients)
        return copied(self.gradients)

    def step(self) -> None:
        """Compute `results` and `gradients` from `inputs`, touching no Value."""
        if self._run is None or switch.active:
            self._step_carefully()
        elif self._run():
            self.executor.look()  # type: ignore[attr-defined]  # it is a machine

    def _step_carefully(self) -> None:
        """Do that where more has to be looked at before or after it."""
        self._get_ready()
        self.executor.step()
        if self._check_finite:
            self._check(self.results, self.gradients)

    def _get_ready(self) -> None:
        """See to it that a run is computed as it should be."""
        if switch.active:
            refuse_inside(f"a run of {self!r}", "call the function that its graph was made with")
        if self._places:
            self._keep_current()

    def _keep_current(self) -> None:
        """Translate ops again whose functions read something from outside that has changed."""
        if not self._is_unchanged():
            self._look_again()
            if not isinstance(self.executor, Interpreter):  # which runs the functions themselves
                self.executor = self.executor.renewed()  # type: ignore[attr-defined]

    def _look_again(self) -> None:
        """Note what the functions of ops read from outside."""
        self._places = read_by(op for op in self.tape.ops if not is_built_in(op))
        self._is_unchanged = check_of(self._places)

    def value_and_gradient(self, parameters: Any) -> tuple[float, Any]:
        """Return the first output and the gradients at `parameters`, as SciPy's optimizers want it.

        Raises:
            CompileError: for a wrong number of parameters.
        """
        check_count("parameters", parameters, len(self.parameters))
        self.parameters[:] = parameters if hasattr(parameters, "dtype") else listed(parameters)
        self.step()
        return float(self.results[0]), copied(self.gradients)

    def _check(self, *arrays: Any) -> None:
        if all(math.isfinite(x) for numbers in arrays for x in numbers.tolist()):
            return
        raise CompileError(first_not_finite(self._slowly()))

    def _slowly(self) -> Interpreter:
        """Return an interpreter of the same numbers, which has computed all values."""
        slow = Interpreter(self.tape)
        slow.inputs[:] = as_buffer(self.inputs)
        slow.seeds[:] = as_buffer(self.seeds)
        slow.forward()
        return slow

    # ----- Looking inside -----

    def graph(self) -> Graph:
        """Return the graph with the numbers of the last run, for renderers: `render(p.graph())`."""
        slow = self._slowly()
        return Graph(self.tape.rebuilt(slow.values, slow.flow(), slow.needs))

    def report(self, seconds: float = 0.2) -> Report:
        """Return how the program is laid out, and where its time goes.

        Parameters:
            seconds: how long to measure; with 0 there are no times in it.
        """
        return report(self.tape, self.executor, seconds)

    # ----- Files and pickles -----

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the program to a file of JSON, which `pluggrad.load(path)` reads.

        The numbers of `inputs` go with it, `parameters` among them, and `seeds`; call `read()`
        first where Values have newer ones.

        Raises:
            CompileError: for an op that another process could not find by its name.
        """
        try:
            tape = tapes.written(self.tape, self.inputs.tolist())
        except CompileError as cause:
            raise CompileError(f"{self!r} cannot be saved: {cause}") from cause
        content = {
            "single": self._single,
            "check_finite": self._check_finite,
            "math": self._math,
            "seeds": [number_text(x) for x in self.seeds.tolist()],
            "tape": tape,
        }
        files.write(path, "program", content)

    @classmethod
    def _read_from(cls, document: Fields, executor: str) -> Program:
        """Make the program that `save` wrote.

        Raises:
            DocumentError: where something does not fit.
        """
        single, check = document.take("single", bool), document.take("check_finite", bool)
        math = document.one_of("math", MATHS)
        tape = tapes.read(document.fields("tape"))
        seeds = document.numbers("seeds", len(tape.outputs))
        document.end()
        made = cls.__new__(cls)
        made._restore(tape, executor, single=single, check_finite=check, math=math)
        made.inputs[:] = array("d", [tape.numbers[row] for row in tape.inputs])
        made.seeds[:] = seeds
        return made

    def _restore(
        self, tape: Tape, executor: str, *, single: bool, check_finite: bool, math: str
    ) -> None:
        self.tape = tape
        self._single = single
        self._check_finite = check_finite
        self._choice = executor
        self._math = math
        self.wrt, self._read, self._outputs, self._frozen = [], [], [], []
        self._start(executor_for(tape, executor, math=math))

    def __getstate__(self) -> dict[str, Any]:
        return {
            "tape": self.tape,
            "inputs": self.inputs.tolist(),
            "seeds": self.seeds.tolist(),
            "single": self._single,
            "check_finite": self._check_finite,
            "choice": self._choice,
            "math": self._math,
            "python": sys.version_info[:2],
            "fingerprints": [fingerprint(op) for op in self.tape.ops],
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        try:
            check_ops(state["tape"].ops, state["fingerprints"], state["python"])
            options = {name: state[name] for name in ("single", "check_finite", "math")}
            self._restore(state["tape"], state["choice"], **options)
            self.inputs[:] = listed(state["inputs"])
            self.seeds[:] = listed(state["seeds"])
        except KeyError as cause:
            raise CompileError(
                f"this pickle was written by another version of pluggrad: it has no {cause}"
            ) from cause
