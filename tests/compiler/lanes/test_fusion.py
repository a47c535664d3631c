"""The text of fused functions."""

import pluggrad.ops as ops
from pluggrad.compiler.capture.arguments import taken_apart
from pluggrad.compiler.capture.capturing import captured
from pluggrad.compiler.lanes.fusion import fused as fused_text
from pluggrad.compiler.lanes.writer import Writer


def text_of(function, *example, apart=False):
    """Write a function down for a processor with AVX-512."""
    recording = captured(function, taken_apart((example, {}), [], elements=False), example)
    writer = Writer(16, has_fma=True, has_ldexp=True)
    writer.apart = apart
    return fused_text(recording.tape, writer, backward=True).text


def test_what_waits_on_the_stack_lies_in_whole_lines_of_memory():
    for apart in (False, True):
        text = text_of(lambda x: ops.ndtr(ops.log(x)), 1.5, apart=apart)
        defined = [line for line in text.splitlines() if line.startswith("define")]
        assert len(defined) == (3 if apart else 1)
        assert all("alignstack(64)" in line for line in defined)
