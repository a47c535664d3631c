"""Wants the operator that mul has."""

from pluggrad import Op, hookimpl

RULES = (lambda g, out, a, b: g * b, lambda g, out, a, b: g * a)


@hookimpl
def pluggrad_register_ops():
    return [Op("times", lambda a, b: a * b, *RULES, operator="*")]
