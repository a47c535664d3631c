"""The example of likelihoods, against SciPy and the parameters that its data were drawn from."""

import pytest


def test_the_program_finds_the_parameters_that_the_data_were_drawn_from(program):
    rows = [line.split() for line in program("likelihoods").splitlines()[1:] if "." in line]
    assert [row[0] for row in rows if not row[0].startswith("Sci")] == [
        "poisson", "negative", "size", "beta", "b", "student", "scale", "freedom",
    ]  # fmt: skip
    for row in rows[:8]:
        true, found, error = [float(x) for x in row if x.replace(".", "").lstrip("-").isdigit()][:3]
        assert abs(found - true) < 3 * error, row
        assert 0.0 < error < 2.0


@pytest.mark.parametrize("name", ["poisson", "negative_binomial", "beta", "student_t"])
def test_densities_are_those_of_scipy(example, name):
    pytest.importorskip("scipy", reason="the densities are compared with SciPy's")
    module = example("likelihoods")
    data = module.drawn(50)[name]
    model = module.MODELS[name]
    assert module.difference_to_scipy(name, data, model.true) < 1e-13


def test_at_the_maximum_the_gradient_is_zero_and_the_likelihood_largest(example):
    module = example("likelihoods")
    data = module.drawn(40)["beta"]
    (a, b), errors, largest = module.fit(module.MODELS["beta"], data)

    def likelihood(a, b):
        return sum(module.beta(x, a, b) for x in data)

    assert likelihood(a, b) == pytest.approx(largest, rel=1e-12)
    for off in (0.99, 1.01):
        assert likelihood(a * off, b) < largest > likelihood(a, b * off)
    assert all(0.0 < error < 3.0 for error in errors)
