"""What people who join find: the commands of workflows and pages exist, and versions agree."""

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pluggrad
import pytest

yaml = pytest.importorskip("yaml", reason="reads workflows")

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = set(PROJECT["optional-dependencies"])
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
PAGES = ["CONTRIBUTING.md", "CODE_OF_CONDUCT.md", "SECURITY.md"]


def jobs(path: Path) -> dict:
    return yaml.safe_load(path.read_text())["jobs"]


def commands() -> list[tuple[str, str]]:
    """List the lines that workflows and pages tell a shell to run."""
    found = []
    for path in WORKFLOWS:
        for job in jobs(path).values():
            for step in job["steps"]:
                found += [(path.name, line) for line in step.get("run", "").splitlines()]
    text = (ROOT / "CONTRIBUTING.md").read_text()
    found += [("CONTRIBUTING.md", line) for line in re.findall(r"^\$ (.*)$", text, re.M)]
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    return found + [(".pre-commit-config.yaml", hook["entry"]) for hook in hooks]


COMMANDS = commands()


@pytest.mark.parametrize(("page", "command"), COMMANDS, ids=[f"{p}: {c}" for p, c in COMMANDS])
def test_a_command_runs_what_is_there(page, command):
    words = shlex.split(command)
    if words[0] == "make":
        assert words[1] in TARGETS
    for extra in re.findall(r"\.\[([\w,]+)\]", command):
        assert set(extra.split(",")) <= EXTRAS
    if "pytest" in words:
        for folder in words[words.index("pytest") + 1 :]:
            if "/" in folder or folder == "tests":
                assert (ROOT / folder).is_dir(), folder
    if words[0] == "python" and words[1].endswith(".py"):
        assert (ROOT / words[1]).is_file()
    if words[:3] == ["python", "-m", "pluggrad"]:
        done = subprocess.run(
            [sys.executable, "-m", "pluggrad", words[3], "--help"], capture_output=True
        )
        assert done.returncode == 0
    if page == ".pre-commit-config.yaml":
        place = Path(sys.executable).with_name(words[0])
        assert words[0] in (ROOT / "Makefile").read_text() or shutil.which(place)
    if "./plugins_example" in words:
        assert (ROOT / "plugins_example/pyproject.toml").is_file()


def test_the_workflow_tests_every_python_that_the_package_names():
    matrix = jobs(ROOT / ".github/workflows/test.yml")["tests"]["strategy"]["matrix"]
    named = [
        line.rpartition(" ")[2] for line in PROJECT["classifiers"] if ":: Python :: 3." in line
    ]
    assert matrix["python"] == named
    assert PROJECT["requires-python"] == f">={named[0]}"
    assert {os.partition("-")[0] for os in matrix["os"]} == {"ubuntu", "macos", "windows"}


def test_only_publishing_may_ask_for_an_identity():
    for path in WORKFLOWS:
        assert yaml.safe_load(path.read_text())["permissions"] == {"contents": "read"}
        for name, job in jobs(path).items():
            asked = {"pages", "id-token"} if name == "publish" else set()
            assert set(job.get("permissions", {})) <= asked


def test_every_workflow_runs_on_something_and_every_step_does_something():
    for path in WORKFLOWS:
        # YAML 1.1 reads the key `on` as true.
        assert yaml.safe_load(path.read_text())[True]
        for job in jobs(path).values():
            assert all(("uses" in step) != ("run" in step) for step in job["steps"])


def test_the_citation_is_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == pluggrad.__version__
    assert citation["license"] == PROJECT["license"]


@pytest.mark.parametrize("page", PAGES)
def test_the_links_of_a_page_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text()):
        assert (ROOT / link).exists(), link


@pytest.mark.parametrize("path", sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("[bi]*.yml")))
def test_an_issue_form_asks_questions_with_names_of_their_own(path):
    form = yaml.safe_load(path.read_text())
    assert form["name"]
    assert form["description"]
    ids = [field["id"] for field in form["body"]]
    assert len(ids) == len(set(ids)) > 0
