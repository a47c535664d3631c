"""Instructions say what the plan says, and can be read back."""

from itertools import product

import pytest
from pluggrad import Value
from pluggrad.ops import tanh

pytest.importorskip("numpy", reason="compiled code needs NumPy")
pytest.importorskip("numba", reason="compiled code needs numba")

import numpy as np
from pluggrad.compiler.codegen.code import Code, code_of
from pluggrad.compiler.codegen.instructions import (
    ANY,
    COLUMN,
    HEADER,
    LENGTH,
    LOOPS,
    Variant,
    length_word,
    packed,
    place_word,
    size,
    stride_word,
    unpacked,
)
from pluggrad.compiler.lower.kinds import Kinds
from pluggrad.compiler.plan.plan import Plan, planned
from pluggrad.compiler.run.machine import Machine
from pluggrad.compiler.tape import recorded_tape


def plan_of(outputs: list[Value]) -> Plan:
    tape, _, _ = recorded_tape(outputs, None, None)
    return planned(tape, Kinds(tape.ops, max(op.arity for op in tape.ops)))


def layer(inputs: int, outputs: int) -> list[Value]:
    """Record tanh of sums of products."""
    x = [Value(i / inputs) for i in range(inputs)]
    rows = [[Value((i + 1) / (j + 1)) for i in range(inputs)] for j in range(outputs)]
    return [tanh(sum(w * a for w, a in zip(row, x, strict=True))) for row in rows]


def instructions(code: Code) -> list[np.ndarray]:
    return [code.words[i:j] for i, j in zip(code.starts, [*code.starts[1:], None], strict=True)]


@pytest.mark.parametrize("flags", list(product((0, 1), repeat=6)))
def test_a_variant_is_read_back_as_it_was_written(flags: tuple[int, ...]) -> None:
    for width, kind, strides in product((1, 2, 7), (0, 5, 900), (0, 0b101, ANY)):
        for function in range(width + 1):
            variant = Variant(
                kind, function, *flags, strides, strides & 0b110, 0b11, strides & 0b011
            )
            assert unpacked(packed(variant, width), width) == variant


@pytest.mark.parametrize("columns", [1, 2, 3, 9])
def test_the_words_of_an_instruction_are_each_for_one_thing(columns: int) -> None:
    alone = [place_word(c, 1) for c in range(columns)]
    nest = [length_word(loop) for loop in range(LOOPS)]
    for c in range(columns):
        nest += [place_word(c, 0), *(stride_word(c, loop) for loop in range(LOOPS))]
    assert sorted(alone) == list(range(size(columns, 1) - HEADER))
    assert sorted(nest) == list(range(size(columns, 0) - HEADER))


@pytest.mark.parametrize("lanes", [1, 8])
@pytest.mark.parametrize("backward", [False, True])
def test_each_instruction_says_its_own_length(lanes: int, backward: bool) -> None:
    code = code_of(plan_of(layer(5, 7)), lanes, backward=backward)
    assert [words[LENGTH] for words in instructions(code)] == list(map(len, instructions(code)))


def test_steps_of_all_loops_together_are_the_items_of_the_plan() -> None:
    plan = plan_of(layer(5, 7))
    steps = 0
    for words in instructions(code_of(plan)):
        single = len(words) < HEADER + LOOPS + COLUMN
        steps += 1 if single else int(np.prod(words[HEADER : HEADER + LOOPS]))
    assert steps == plan.nests.length


def test_places_that_loops_go_through_are_those_of_the_plan() -> None:
    """Walked through in Python, an instruction writes what its nest writes."""
    plan = plan_of(layer(5, 7))
    written = []
    for words in instructions(code_of(plan)):
        told = words[HEADER:]
        if len(words) < HEADER + LOOPS + COLUMN:
            written.append(told[place_word(0, 1)])
            continue
        lengths = [told[length_word(loop)] for loop in range(LOOPS)]
        strides = [told[stride_word(0, loop)] for loop in range(LOOPS)]
        for at in product(*map(range, lengths)):
            written.append(told[place_word(0, 0)] + np.dot(at, strides))
    assert sorted(written) == sorted(plan.nests.places[0])


def test_a_machine_of_many_lanes_gives_each_lane_what_one_lane_gives() -> None:
    tape, _, _ = recorded_tape(layer(4, 3), None, None)
    one, many = Machine(tape), Machine(tape, lanes=8)
    rng = np.random.default_rng(1)
    many.inputs[...] = rng.normal(size=many.inputs.shape)
    many.step()
    for lane in range(8):
        one.inputs[:] = many.inputs[:, lane]
        one.step()
        assert np.array_equal(one.outputs, many.outputs[:, lane])
        np.testing.assert_allclose(one.gradients, many.gradients[:, lane], rtol=1e-14)
