"""The examples that train: against micrograd, and a script of plain Python."""

import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_moons_has_the_loss_curve_of_micrograd(program, tmp_path: Path) -> None:
    pytest.importorskip("micrograd", reason="compares with micrograd")
    printed = program("moons", "--short", "--compare")
    apart = re.search(r"losses of 20 steps differ from micrograd's by (\S+)", printed)
    assert apart is not None
    assert float(apart[1]) < 1e-9
    assert "</svg>" in (tmp_path / "moons.svg").read_text()


def test_all_moons_are_told_apart_after_a_hundred_steps(program) -> None:
    printed = program("moons")
    assert "accuracy 100%" in printed
    assert printed.count("o") > 30


def test_what_was_written_for_micrograd_prints_the_same(program, example, tmp_path: Path) -> None:
    pytest.importorskip("micrograd", reason="runs the same program with micrograd")
    source = (ROOT / "examples" / "micrograd_dropin.py").read_text()
    theirs = tmp_path / "theirs.py"
    theirs.write_text(
        source.replace("from pluggrad import Value", "from micrograd.engine import Value").replace(
            "from pluggrad.nn", "from micrograd.nn"
        )
    )
    expected = subprocess.run(
        [sys.executable, theirs, "--short"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    printed = program("micrograd_dropin", "--short")
    ours, other = (text.splitlines()[:-1] for text in (printed, expected))  # nodes are fewer here
    assert ours == other
    assert "(micrograd: 24.7041)" in ours[0]
    assert ours[0].startswith("24.7041")
    assert "digraph" in (tmp_path / "dropin.dot").read_text()


# ----- digits -----


def test_ten_blurred_pictures_are_told_apart(example, capsys) -> None:
    np = pytest.importorskip("numpy", reason="the network is fitted to arrays")
    pytest.importorskip("numba", reason="the interpreter takes long for it")
    chance = np.random.default_rng(1)
    clear = chance.random((10, 64))
    labels = np.arange(600) % 10
    images = clear[labels] + 0.2 * chance.normal(size=(600, 64))
    _, shares = example("digits").train((images[:500], labels[:500], images[500:], labels[500:]), 4)
    assert shares[-1] >= 0.97
    assert capsys.readouterr().out.count("epoch") == 4


def test_digits_are_read_to_97_percent(example) -> None:
    pytest.importorskip("sklearn", reason="the images come with scikit-learn")
    digits = example("digits")
    parameters, shares = digits.train(digits.digits(), epochs=12)
    assert shares[-1] >= 0.97
    assert [x.shape for x in parameters] == [(50, 64), (50,), (10, 50), (10,)]


# ----- microgpt -----


def test_microgpt_falls_as_a_script_of_plain_python_does(
    example, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    plain, reference = pytest.importorskip("plain"), pytest.importorskip("microgpt")
    theirs = reference.MicroGPT(plain.Value, plain.log, plain.exp, seed=42)
    module = example("microgpt")
    trainer = module.Trainer(module.GPT(random.Random(42)), length=6, steps=1000)
    for k, name in enumerate(["emma", "olive", "ava", "mia", "emma"]):
        loss = theirs.loss(name)
        loss.backward()
        assert trainer.step(name) == pytest.approx(loss.data, rel=1e-9)
        theirs.update(k)


def test_microgpt_learns_what_it_is_shown_and_says_it(example) -> None:
    module = example("microgpt")
    trainer = module.Trainer(module.GPT(random.Random(1)), length=4, steps=150)
    losses = [trainer.step("abc") for _ in range(150)]
    assert losses[0] == pytest.approx(3.3, abs=0.3)  # log 27
    assert losses[-1] < 0.02
    assert {trainer.sample(random.Random(seed)) for seed in range(5)} == {"abc"}


def test_microgpt_makes_up_names_from_a_file(program, tmp_path: Path) -> None:
    (tmp_path / "few.txt").write_text("Anna\nbob\nEve\nada\n")
    printed = program("microgpt", "--short", "--data", str(tmp_path / "few.txt"))
    assert "4 names, 4,192 parameters" in printed
    assert re.search(r"made up: \w*", printed)
    assert "</svg>" in (tmp_path / "microgpt.svg").read_text()


def test_the_names_that_come_along_are_sorted_plain_and_each_there_once() -> None:
    names = (ROOT / "examples" / "names.txt").read_text().split()
    assert names == sorted(set(names))
    assert len(names) > 500
    assert all(re.fullmatch("[a-z]{2,15}", name) for name in names)
