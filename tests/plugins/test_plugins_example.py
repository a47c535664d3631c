"""The example package, installed by pip, passes its own tests."""

import os
import re
from pathlib import Path

import forks

EXAMPLE = Path(__file__).parents[2] / "plugins_example"


def test_the_example_passes_its_own_tests_through_its_entry_points(installed, names):
    others = ",".join(name for name in names if not name.startswith("example."))
    done = forks.run_pytest(
        "-q", "-p", "no:cacheprovider", EXAMPLE / "tests", cwd=EXAMPLE,
        env={**os.environ, "PYTHONPATH": str(installed), "PLUGGRAD_DISABLE_PLUGINS": others},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_program_in_its_readme_prints_what_the_readme_says(python, names):
    readme = (EXAMPLE / "README.md").read_text()
    program = re.search("```python\n(.*?)```", readme, re.DOTALL).group(1)
    (printed,) = re.findall(r"^print\(.*\) +# ([-\d. ]+)$", program, re.MULTILINE)
    others = ",".join(name for name in names if not name.startswith("example."))
    done = python(program, PLUGGRAD_DISABLE_PLUGINS=others)
    assert done.stderr == ""
    assert done.stdout.splitlines()[:2] == [printed, "id,kind,label,op,operands,data,grad"]
