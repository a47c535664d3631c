"""Running the checks: on one op, and as a pytest suite over a plugin."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pluggrad import Op, PluginError
from pluggrad.errors import quoted

from .checks import CHECKS, Check
from .errors import ConformanceError
from .patience import patience
from .selection import chosen, ops_of
from .subject import Subject

Reference = Callable[..., Any]


def check_op(
    op: Op,
    *,
    seed: int = 0,
    examples: int = 50,
    rtol: float = 1e-9,
    reference: Reference | None = None,
    checks: Iterable[Check] = CHECKS,
    note: Callable[[str], None] = lambda text: None,
) -> None:
    """Prove that an op keeps the contract of `pluggrad.Op`, or say in one line where it does not.

    Parameters:
        op: the op; it need not be registered.
        seed: of the random generator. The same seed tries the same operands.
        examples: the number of points that hypothesis draws, beside about a hundred fixed ones.
        rtol: the relative error that a partial may have, beyond what rounding explains.
        reference: the function on mpmath numbers, such as `mpmath.erf`. Only needed where the
            forward, with mpmath's functions put in for those of `math`, NumPy and SciPy, does not
            compute it accurately.
        checks: which checks to run.
        note: called with a line for each thing that is worth knowing but no failure.

    Raises:
        ConformanceError: naming op, operand and operands' values, what the rule says, what is
            true, and a guess at the mistake.
        PluginError: for what is no op, or a seed, examples or rtol that nothing can be tried with.

    >>> import math
    >>> from pluggrad import Op
    >>> from pluggrad.testing import ConformanceError, check_op
    >>> cube = Op("cube", lambda x: x * x * x, lambda g, out, x: g * 6 * x * x)
    >>> try:
    ...     check_op(cube)
    ... except ConformanceError as error:
    ...     print(str(error).partition("; ")[2])
    guess: a factor 2 too much
    """
    if not isinstance(op, Op):
        raise PluginError(f"check_op() takes an Op, not {type(op).__name__} {quoted(op)}")
    _check_effort(seed, examples, rtol)
    subject = Subject(op, seed, examples, rtol, reference, note)
    with patience(subject), warnings.catch_warnings():
        # NumPy warns of what IEEE 754 has an answer for.
        warnings.simplefilter("ignore", RuntimeWarning)
        for check in checks:
            try:
                check(subject)
            except ConformanceError as error:
                error.check = check.__name__
                raise


def _check_effort(seed: object, examples: object, rtol: object) -> None:
    for name, given, least in (("seed", seed, None), ("examples", examples, 1)):
        if type(given) is not int or (least is not None and given < least):
            beside = "" if least is None else f", {least} at least"
            raise PluginError(f"{name} is a whole number{beside}, not {quoted(given)}")
    if not isinstance(rtol, int | float) or not 0 <= rtol < 1:
        raise PluginError(f"rtol is a relative error between 0 and 1, not {quoted(rtol)}")


def references_of(
    ops: Sequence[Op], reference: Reference | Mapping[str, Reference] | None
) -> dict[str, Reference]:
    """Say which reference belongs to which op.

    Raises:
        PluginError: when that is not clear.
    """
    if reference is None:
        return {}
    names = [op.name for op in ops]
    if isinstance(reference, Mapping):
        strange = sorted(set(reference) - set(names))
        if strange:
            raise PluginError(
                f"there is a reference for {', '.join(strange)}, but the ops are {', '.join(names)}"
            )
        return dict(reference)
    if len(ops) != 1:
        raise PluginError(
            f"one reference for {len(ops)} ops ({', '.join(names)}): say which, with a dict of "
            "references by name"
        )
    return {names[0]: reference}


def op_suite(
    which: str | Op | Iterable[Op] | None = None,
    *,
    seed: int = 0,
    examples: int = 50,
    rtol: float = 1e-9,
    reference: Reference | Mapping[str, Reference] | None = None,
) -> Callable[[Op, Check], None]:
    """Make a pytest test that runs every check on every op of a plugin.

    Put one line into a test file: `test_ops = op_suite("my-plugin")`. Each op and check is a test
    of its own, `test_ops[cube-partials_are_true]`.

    Parameters:
        which: a plugin, a distribution or an op by name; an op, or ops; None for all that is
            installed.
        seed: of the random generator.
        examples: the number of points that hypothesis draws for each op.
        rtol: the relative error that a partial may have, beyond what rounding explains.
        reference: the function on mpmath numbers, as for `check_op`; for several ops, a dict of
            such functions by the name of the op.

    Raises:
        PluginError: when nothing has that name, or it has no ops to test, or a reference belongs
            to none of them; for a seed, examples or rtol that nothing can be tried with.
    """
    import pytest

    _check_effort(seed, examples, rtol)

    ops = chosen(which, Op, ops_of, "ops")
    references = references_of(ops, reference)

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    @pytest.mark.parametrize("op", ops, ids=lambda op: op.name)
    def test_op(op: Op, check: Check) -> None:
        try:
            check_op(
                op,
                seed=seed,
                examples=examples,
                rtol=rtol,
                reference=references.get(op.name),
                checks=[check],
            )
            return
        except ConformanceError as error:
            line = str(error)
        pytest.fail(line, pytrace=False)  # where in the kit it was found tells an author nothing

    return test_op
