"""The JavaScript of a live page: each operation's forward function and rules, from the printer."""

from __future__ import annotations

import json
from collections.abc import Iterable

from pluggrad import Op
from pluggrad.errors import TraceError
from pluggrad.op import NAMES
from pluggrad.printers import Call, Functions, Name
from pluggrad.printers.javascript import JavaScriptPrinter
from pluggrad.printers.printer import bare


def programs(ops: Iterable[Op]) -> str:
    """Write a table of functions, `PROGRAMS`, by the names of operations.

    Each has `forward`, and `slopes`: for each operand a function of the gradient, the result and
    the operands, or null. An operation that cannot be written has the reason, as `missing`.
    """
    printer = JavaScriptPrinter()
    functions = Functions(printer.words.keys(), "js")
    words: set[str] = set()
    rows = [f"  {json.dumps(op.name)}: {_row(op, functions, printer, words)}," for op in ops]
    defined = [line for f in functions.needed() for line in printer.define(f)]
    texts = [*printer.needs(words, functions.needed()), *defined, "return {", *rows, "};"]
    return "\n".join(["const PROGRAMS = (() => {", *texts, "})();"]).replace("</", "< /")


def _row(op: Op, functions: Functions, printer: JavaScriptPrinter, words: set[str]) -> str:
    names = NAMES[: op.arity]
    try:
        call = functions.call(op, tuple(map(Name, names)))
        slopes = [_slope(op, index, names, functions) for index in range(op.arity)]
    except TraceError as cause:
        return json.dumps({"missing": str(cause)})
    if isinstance(call, Call):
        words.add(call.word)
    forward = f"({', '.join(names)}) => {bare(printer.expression(call))}"
    return f"{{forward: {forward}, slopes: [{', '.join(slopes)}]}}"


def _slope(op: Op, index: int, names: tuple[str, ...], functions: Functions) -> str:
    rule = functions.rule(op, index)
    if rule is None:
        return "null"
    parameters = ("g", "out", *names)
    name, takes = rule
    call = f"{name}({', '.join(parameters[i] for i in takes)})" if name else "g"
    return f"({', '.join(parameters)}) => {call}"
