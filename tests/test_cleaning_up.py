"""What an interrupt leaves is cleaned up, in every version of Python.

Python 3.12 forgets to cover the jump back of a loop whose body is passed over, as by an `if`: where
Ctrl-C strikes there, a `with` around the loop is not left and a `finally` does not run. So such a
loop stands in a function of its own where something is held.
"""

import dis
import itertools
import types
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pluggrad
from pluggrad.compiler.tape.fingerprint import codes_in


def uncovered(code: types.CodeType) -> Iterator[int]:
    """List the lines of jumps back that Python does not cover, though it does what is around."""
    steps = list(dis.get_instructions(code))
    entries = dis._parse_exception_table(code)

    def handler(offset: int) -> int | None:
        return next((x.target for x in entries if x.start <= offset < x.end), None)

    for before, step in itertools.pairwise(steps):
        around = handler(before.offset)
        if step.opname != "JUMP_BACKWARD" or around is None or handler(step.offset) is not None:
            continue
        names = [x.opname for x in steps if x.offset >= around]
        cleans = names[: names.index("RERAISE")] if "RERAISE" in names else names
        if names[0] == "PUSH_EXC_INFO" and not {"CHECK_EXC_MATCH", "CALL_INTRINSIC_1"} & {*cleans}:
            yield before.positions.lineno


def test_no_loop_is_left_uncovered_where_something_is_held():
    files = sorted(Path(pluggrad.__file__).parent.rglob("*.py"))
    assert len(files) > 300
    found = [
        f"{file.name}:{line}"
        for file in files
        for code in codes_in(SourceFileLoader(file.stem, str(file)).get_code(file.stem))
        for line in uncovered(code)
    ]
    assert found == []
