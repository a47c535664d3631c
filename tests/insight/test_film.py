"""A film: what leaves held at each step, and the graph with the numbers of its last frame."""

import math
import subprocess
import sys

import pytest
from pluggrad import Film, Graph, GraphError, Value, checkpoint, compile, render, save
from pluggrad.nn import MLP, SGD, mse


def parabola() -> tuple[Value, Value]:
    w = Value(3.0, label="w")
    return w, (w - 1.0) ** 2


def test_a_frame_is_what_the_leaves_held() -> None:
    w, loss = parabola()
    film = Film(loss)
    for x in (3.0, 2.0, 1.5):
        w.data = x
        film.shoot()
    frames = film.graph().frames
    assert [list(row) for row in frames.numbers] == [[3.0], [2.0], [1.5]]
    assert (list(frames.steps), list(frames.ids)) == ([0, 1, 2], ["n0"])


def test_leaves_that_stay_are_in_no_frame() -> None:
    a, b = Value(1.0, label="a"), Value(2.0, label="b")
    film = Film(a * b)
    film.shoot()
    b.data = 3.0
    film.shoot()
    assert list(film.graph().frames.ids) == ["n1"]


def test_every_says_how_many_calls_make_a_frame_and_the_end_is_always_there() -> None:
    w, loss = parabola()
    film = Film(loss, every=10)
    for i in range(25):
        w.data = float(i)
        film.shoot()
    assert len(film) == 3
    frames = film.graph().frames
    assert list(frames.steps) == [0, 10, 20, 25]
    assert [row[0] for row in frames.numbers] == [0.0, 10.0, 20.0, 24.0]


def test_a_long_film_keeps_every_second_frame() -> None:
    w, loss = parabola()
    film = Film(loss)
    for i in range(10_000):
        w.data = float(i)
        film.shoot()
    frames = film.graph().frames
    assert 200 <= len(film) <= 401
    gaps = {b - a for a, b in zip(frames.steps, frames.steps[1:-1], strict=False)}
    assert gaps == {film.every} == {32}
    assert all(row[0] == step for row, step in zip(frames.numbers[:-1], frames.steps, strict=False))


def test_the_graph_has_the_numbers_of_the_last_frame_forward_and_backward() -> None:
    w, loss = parabola()
    film = Film(loss)
    film.shoot()
    w.data = 5.0
    film.shoot()
    graph = film.graph()
    by_label = {node.label: node for node in graph.nodes}
    assert (graph.nodes[-1].data, by_label["w"].grad) == (16.0, 8.0)
    assert graph.record.summary == ""
    assert (loss.data, w.grad) == (4.0, 0.0)  # the Values stay as they were


def test_a_program_is_filmed_by_its_parameters() -> None:
    rows = [([0.0, 1.0], [1.0]), ([1.0, 0.5], [-1.0])]
    model = MLP(2, [3, 1])
    eager = MLP(2, [3, 1])
    eager.load_state_dict(model.state_dict())

    def loss_of(net: MLP) -> Value:
        return mse([net(x) for x, _ in rows], [y[0] for _, y in rows])

    program = compile(loss_of(model), executor="interpreter")
    optimizer, film = SGD(program, lr=0.1), Film(program)
    eager_optimizer, eager_film = SGD(eager.parameters(), lr=0.1), Film(loss_of(eager))
    for _ in range(5):
        program.step()
        film.shoot()
        optimizer.step()
        eager_optimizer.zero_grad()
        loss_of(eager).backward()
        eager_film.shoot()
        eager_optimizer.step()
    compiled, plain = film.graph(), eager_film.graph()
    where = {id: i for i, id in enumerate(plain.frames.ids)}
    for ours, theirs in zip(compiled.frames.numbers, plain.frames.numbers, strict=True):
        expected = [theirs[where[id]] for id in compiled.frames.ids]
        assert list(ours) == pytest.approx(expected, rel=1e-12)
    assert compiled.nodes[-1].data == pytest.approx(plain.nodes[-1].data, rel=1e-12)
    assert compiled.nodes[-1].scope == Graph(loss_of(model)).nodes[-1].scope


def test_the_loss_of_other_data_can_be_shown_beside() -> None:
    w, loss = parabola()
    film = Film(loss)
    film.shoot(Value(0.5))
    w.data = 2.0
    film.shoot()
    w.data = 1.0
    film.shoot(0.25)
    given = film.graph().frames.losses
    assert (given[0], given[2]) == (0.5, 0.25)
    assert math.isnan(given[1])


def test_any_renderer_draws_the_last_frame() -> None:
    w, loss = parabola()
    film = Film(loss, names={"loss": loss})
    film.shoot()
    w.data = 1.5
    assert "0.25" in render(film, "text")
    assert "loss" in render(film, "text")


def test_a_film_is_a_page_in_a_notebook() -> None:
    _, loss = parabola()
    film = Film(loss)
    film.shoot()
    assert "iframe" in film._repr_mimebundle_()["text/html"]


def test_what_is_no_loss_is_refused_with_what_is_one() -> None:
    with pytest.raises(TypeError, match="made of a loss: a Value"):
        Film([1.0])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="made of a loss: a Value"):
        Film(3.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="every is a whole number from 1 on, not 0"):
        Film(Value(1.0), every=0)


def test_a_function_recorded_as_one_node_is_refused_by_name() -> None:
    w = Value(2.0)
    film = Film(checkpoint(lambda x: x * x, w))
    film.shoot()
    with pytest.raises(GraphError, match="cannot be filmed"):
        film.graph()


def test_nan_and_infinity_are_filmed_as_they_are(tmp_path) -> None:
    w, loss = parabola()
    film = Film(loss)
    for x in (1e200, math.inf, math.nan):
        w.data = x
        film.shoot()
    numbers = [row[0] for row in film.graph().frames.numbers]
    assert numbers[:2] == [1e200, math.inf]
    assert math.isnan(numbers[2])
    assert save(film, tmp_path / "film.html").stat().st_size > 0


def test_the_film_is_loaded_when_it_is_first_named() -> None:
    program = "import sys, pluggrad; assert 'pluggrad.insight.film' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
