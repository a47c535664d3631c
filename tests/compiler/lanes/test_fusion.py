"""The text of fused functions."""

import numpy as np
import pluggrad.ops as ops
from pluggrad import compile
from pluggrad.compiler.capture.arguments import taken_apart
from pluggrad.compiler.capture.capturing import captured
from pluggrad.compiler.lanes.fusion import fused as fused_text
from pluggrad.compiler.lanes.writer import Writer


def text_of(function, *example, apart=False, backward=True):
    """Write a function down for a processor with AVX-512."""
    recording = captured(function, taken_apart((example, {}), [], elements=False), example)
    writer = Writer(16, has_fma=True, has_ldexp=True)
    writer.apart = apart
    return fused_text(recording.tape, writer, backward=backward).text


def test_what_waits_on_the_stack_lies_in_whole_lines_of_memory():
    for apart in (False, True):
        text = text_of(lambda x: ops.ndtr(ops.log(x)), 1.5, apart=apart)
        defined = [line for line in text.splitlines() if line.startswith("define")]
        assert len(defined) == (4 if apart else 1)
        assert all("alignstack(64)" in line for line in defined)


def five_tanh(x, w, b):
    for _ in range(5):
        x = ops.tanh(x * w + b)
    return x


def test_long_chains_are_computed_for_more_lanes_side_by_side():
    assert "<32 x double>" in text_of(five_tanh, 0.1, 0.9, 0.2, backward=False)
    assert "<32 x double>" not in text_of(
        lambda x, y: ops.ndtr(x) * ops.ndtr(y) * ops.exp(x + y), 1.5, 0.5
    )


def test_the_wider_loop_computes_every_number_of_lanes():
    compiled = compile(five_tanh)
    for count in (1, 15, 31, 32, 33, 63, 64, 100, 300, 4100):
        x = np.linspace(-1.0, 1.0, count)
        expected = [five_tanh(*row) for row in zip(x, 1.0 - x / 3, x / 7, strict=True)]
        np.testing.assert_allclose(compiled(x, 1.0 - x / 3, x / 7), expected, rtol=1e-14)


def test_infinities_of_both_signs_among_gradients_are_no_nan():
    compiled = compile(lambda x, y: ops.sqrt(x) - ops.sqrt(y))
    zeros = np.zeros(300)
    _, (by_x, by_y) = compiled.value_and_grad(zeros, zeros)
    assert np.all(by_x == np.inf)
    assert np.all(by_y == -np.inf)
