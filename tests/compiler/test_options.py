"""Options of compile: an unknown one says what there is, or what to write instead."""

import pytest
from pluggrad import Value, compile
from pluggrad.compiler.options import ELSEWHERE


def square(x):
    return x * x


@pytest.mark.parametrize(
    ("target", "options", "available"),
    [
        (square, {"array": "elements"}, "did you mean 'arrays'.*bound, executor, math, threads"),
        (square, {"thread": 2}, "did you mean 'threads'"),
        (Value(2.0), {"inptus": []}, "did you mean 'inputs'.*check_finite, executor, inputs"),
        (
            square,
            {"in_axes": (0,), "redcue": "sum"},
            "did you mean 'reduce'.*in_axes, math, reduce",
        ),
    ],
)
def test_an_unknown_option_is_named_with_those_that_there_are(target, options, available):
    with pytest.raises(TypeError, match=rf"^compile\(\) has no option .*=; {available}"):
        compile(target, **options)
    with pytest.raises(TypeError, match=rf"^compile\(\) has no option .*=; {available}"):
        compile(**options)(target)


@pytest.mark.parametrize("option", ELSEWHERE)
def test_an_option_of_another_engine_says_what_to_write(option):
    with pytest.raises(TypeError) as raised:
        compile(square, **{option: None})
    assert str(raised.value) == f"compile() has no option {option}=; {ELSEWHERE[option]}"


@pytest.mark.parametrize("options", [{"bound": 4}, {"executor": "interpreter", "math": "libm"}])
def test_every_known_option_is_taken(options):
    assert compile(square, **options)(3.0) == 9.0
