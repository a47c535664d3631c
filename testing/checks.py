"""The checks, each a function of one op under examination that raises ConformanceError.

`CHECKS` lists them in the order in which they run: what a rule is made of before what it computes,
so that the first failure is the one that explains the others.
"""

from __future__ import annotations

from collections.abc import Callable

from .check_compiled import compiled_code_gives_the_same
from .check_edges import (
    forward_mode_has_the_same_hessians_at_edges,
    hessians_are_symmetric_at_edges,
    rules_are_true_at_edges,
    second_derivatives_are_true_at_edges,
)
from .check_forward import (
    a_nan_passes_through,
    forward_is_the_same_every_way,
    ieee_says_what_the_forward_tends_to,
    it_pickles,
    odd_numbers_raise_nothing,
    results_at_infinity_are_what_others_tend_to,
)
from .check_modes import every_mode_gives_the_same_gradient
from .check_orders import second_derivatives_are_true, third_derivatives_are_true
from .check_partials import (
    declared_kinks_have_a_gradient_between_both_sides,
    forwards_jump_only_at_declared_kinks,
    gradients_at_kinks_fit_together,
    partials_are_true,
    rules_jump_only_at_declared_kinks,
)
from .check_rules import (
    operands_are_left_alone,
    rules_are_linear_in_g,
    rules_use_only_operators_and_ops,
)
from .subject import Subject

Check = Callable[[Subject], None]

CHECKS: tuple[Check, ...] = (
    rules_use_only_operators_and_ops,
    forward_is_the_same_every_way,
    operands_are_left_alone,
    odd_numbers_raise_nothing,
    a_nan_passes_through,
    results_at_infinity_are_what_others_tend_to,
    ieee_says_what_the_forward_tends_to,
    partials_are_true,
    declared_kinks_have_a_gradient_between_both_sides,
    gradients_at_kinks_fit_together,
    rules_are_true_at_edges,
    rules_jump_only_at_declared_kinks,
    forwards_jump_only_at_declared_kinks,
    rules_are_linear_in_g,
    every_mode_gives_the_same_gradient,
    second_derivatives_are_true,
    third_derivatives_are_true,
    hessians_are_symmetric_at_edges,
    second_derivatives_are_true_at_edges,
    forward_mode_has_the_same_hessians_at_edges,
    compiled_code_gives_the_same,
    it_pickles,
)
