"""Forward functions that branch, from their source, as the text of an LLVM module.

`printers/` reads the source of a Python function into a few expressions and statements; here they
are words of LLVM. What has no word here, a loop or a remainder, raises a `TraceError`, and is left
to numba.
"""

from __future__ import annotations

from collections.abc import Sequence

from pluggrad import Op
from pluggrad.errors import TraceError
from pluggrad.printers import Apply, Assign, Call, Function, Functions, If, Name, Number, Return
from pluggrad.printers.code import Expression, Statement

from .lines import Lines
from .llvm_text import C_FUNCTIONS, INSTRUCTIONS, INTRINSICS, declarations, literal

CONDITIONS = {"lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge", "eq": "oeq", "ne": "une"}
LOGIC = {"and": "and", "or": "or"}
CALLED = {
    "abs": "llvm.fabs.f64",
    **{name: f"llvm.{name}.f64" for name in INTRINSICS},
    **{name: name for name in C_FUNCTIONS},
}
WORDS = (*INSTRUCTIONS, "neg", "floordiv", "select", "not", *CONDITIONS, *LOGIC, *CALLED)


def module_of(op: Op, name: str) -> str:
    """Write an op's forward function down, and what it calls.

    Parameters:
        op: whose source can be read.
        name: what to call the function; it takes as many floats as the op has operands.

    Raises:
        TraceError: when it cannot be written down.
    """
    functions = Functions(WORDS, "machine code")
    operands = tuple([Name(f"a{i}") for i in range(op.arity)])
    call = Return(functions.call(op, operands))
    whole = Function(name, tuple([x.name for x in operands]), (call,), "")
    texts = [_Writer(x).definition("internal ") for x in functions.all.values()] + [
        _Writer(whole).definition()
    ]
    return "".join([*texts, *(f"{line}\n" for line in declarations(texts))])


class _Writer(Lines):
    """Writes one function: each expression is a new name, and where ways meet there are phis."""

    def __init__(self, function: Function) -> None:
        super().__init__()
        self.function = function

    def definition(self, linkage: str = "") -> str:
        """Write it all."""
        names = {x: f"%{x}" for x in self.function.parameters}
        self.statements(self.function.body, names)
        listed = ", ".join(f"double %{x}" for x in self.function.parameters)
        head = f"define {linkage}double @{self.function.name}({listed}) alwaysinline nounwind"
        return f"{head} {{\n{self.text()}}}\n"

    # ----- Statements -----

    def statements(self, body: Sequence[Statement], names: dict[str, str]) -> bool:
        """Write statements, which change what names stand for; say whether there is a way on."""
        for statement in body:
            match statement:
                case Assign(name, value):
                    names[name] = self.value(value, names)
                case Return(value):
                    self.say(f"ret double {self.value(value, names)}")
                    return False
                case If(condition, then, otherwise):
                    if not self.branch(condition, then, otherwise, names):
                        return False
                case _:
                    raise TraceError("a loop")
        return True

    def branch(
        self,
        condition: Expression,
        then: Sequence[Statement],
        otherwise: Sequence[Statement],
        names: dict[str, str],
    ) -> bool:
        """Write both ways, and what names stand for where they meet."""
        self.number += 1
        at = self.number
        self.say(f"br i1 {self.condition(condition, names)}, label %then{at}, label %else{at}")
        met: list[tuple[str, dict[str, str]]] = []
        for label, body in ((f"then{at}", then), (f"else{at}", otherwise)):
            self.label(label)
            mine = dict(names)
            if self.statements(body, mine):
                met.append((self.block, mine))
                self.say(f"br label %after{at}")
        if met:
            self.label(f"after{at}")
            known = set.intersection(*(set(mine) for _, mine in met))
            names.update({x: self.met([(block, mine[x]) for block, mine in met]) for x in known})
        return bool(met)

    def met(self, ways: Sequence[tuple[str, str]]) -> str:
        """Return what a name stands for where ways meet: blocks, and what it is there."""
        if len({number for _, number in ways}) == 1:
            return ways[0][1]
        return self.new("phi double " + ", ".join(f"[ {x}, %{block} ]" for block, x in ways))

    # ----- Expressions -----

    def value(self, x: Expression, names: dict[str, str]) -> str:
        """Write what gives a number."""
        match x:
            case Number(value):
                return literal(value)
            case Name(name):
                return names[name]
            case Call("select", (condition, a, b)):
                return self.chosen(condition, a, b, names)
            case Call("floordiv", (a, Number(1.0))):
                return self.called("llvm.floor.f64", [self.value(a, names)])
            case Call(word, operands):
                return self.word(word, [self.value(y, names) for y in operands])
            case Apply(function, operands):
                return self.called(function, [self.value(y, names) for y in operands])
        raise TraceError(f"no word for {x!r}")

    def chosen(
        self, condition: Expression, a: Expression, b: Expression, names: dict[str, str]
    ) -> str:
        """Compute one of two numbers, and not the other."""
        kept = dict(names)
        self.branch(condition, [Assign("?", a)], [Assign("?", b)], kept)
        return kept["?"]

    def word(self, word: str, operands: Sequence[str]) -> str:
        if word in INSTRUCTIONS:
            return self.new(f"{INSTRUCTIONS[word]} double {', '.join(operands)}")
        if word == "neg":
            return self.new(f"fneg double {operands[0]}")
        if word in CALLED:
            return self.called(CALLED[word], operands)
        raise TraceError(f"{word} is no number")

    def called(self, function: str, operands: Sequence[str]) -> str:
        return self.new(f"call double @{function}({', '.join(f'double {x}' for x in operands)})")

    def condition(self, x: Expression, names: dict[str, str]) -> str:
        """Write what gives an answer."""
        match x:
            case Call("not", (operand,)):
                return self.new(f"xor i1 {self.condition(operand, names)}, true")
            case Call(word, operands) if word in LOGIC:
                one, other = [self.condition(y, names) for y in operands]
                return self.new(f"{LOGIC[word]} i1 {one}, {other}")
            case Call(word, operands) if word in CONDITIONS:
                one, other = [self.value(y, names) for y in operands]
                return self.new(f"fcmp {CONDITIONS[word]} double {one}, {other}")
        raise TraceError(f"{x!r} is no condition")
