"""Links of the documentation lead somewhere, and those that leave it are well formed."""

import re
import sys
import urllib.error
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS))

import links as checker  # noqa: E402  # it lies in the folder of the documentation

PAGES = [page for page in checker.pages() if not page.is_relative_to(checker.MADE)]


def check(page, place, generated):
    """Look at each link of a page that lies at `place`."""
    for link in checker.links(page):
        if checker.is_elsewhere(link):
            wrong = checker.wrong_form(link)
        else:
            wrong = checker.wrong_inside(link, page, place, generated)
        assert not wrong, f"{page.name}: {link}: {wrong}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_links_of_a_page_lead_somewhere(page, generated):
    check(page, page.parent, generated)


def test_the_links_of_generated_pages_lead_somewhere(generated):
    for page in generated.rglob("*.md"):
        check(page, DOCS / "generated" / page.relative_to(generated).parent, generated)


@pytest.mark.parametrize("link", ["nowhere.md", "README.md#no-such-heading", "#nor-this"])
def test_a_link_that_leads_nowhere_is_found(link, generated, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"# Title\n\n[text]({link})\n")
    with pytest.raises(AssertionError, match=re.escape(link)):
        check(page, ROOT, generated)


@pytest.mark.parametrize(
    ("link", "wrong"),
    [
        ("http://docs.pypi.org", "it is not https"),
        ("ftp://docs.pypi.org", "it is not https"),
        ("https://localhost/x", "'localhost' is no host"),
        ("https://docs.pypi.org/x.", "it ends in punctuation"),
        ("https:/docs.pypi.org/x", "'' is no host"),
        ("mailto:nobody", "it is no address"),
        ("mailto:nobody@pypi.org", ""),
        ("https://docs.pypi.org/trusted-publishers/#top", ""),
    ],
)
def test_the_form_of_a_link_to_elsewhere_is_looked_at(link, wrong):
    assert checker.is_elsewhere(link)
    assert checker.wrong_form(link) == wrong


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (
            urllib.error.HTTPError("", 404, "Not Found", None, None),
            "gone: HTTP Error 404: Not Found",
        ),
        (
            urllib.error.HTTPError("", 503, "Later", None, None),
            "not reached: HTTP Error 503: Later",
        ),
        (urllib.error.URLError("no network"), "not reached: <urlopen error no network>"),
    ],
)
def test_what_is_gone_differs_from_what_is_not_reached(cause, said, monkeypatch):
    def refuse(*_, **__):
        raise cause

    monkeypatch.setattr(checker.urllib.request, "urlopen", refuse)
    assert checker.reached("https://docs.pypi.org") == said


def test_every_page_is_in_a_table_of_contents(generated):
    listed = set()
    for page in [*DOCS.glob("*.md"), *generated.rglob("*.md")]:
        place = (
            Path("generated") / page.relative_to(generated)
            if page.is_relative_to(generated)
            else page.relative_to(DOCS)
        )
        for tree in re.findall(r"^```{toctree}\n(.*?)^```", page.read_text(), re.M | re.S):
            entries = [line for line in tree.splitlines() if line and not line.startswith(":")]
            listed |= {(place.parent / entry).as_posix() for entry in entries}
    pages = {p.stem for p in [*DOCS.glob("*.md"), *DOCS.glob("*.rst")]}
    pages |= {
        ("generated" / p.relative_to(generated)).with_suffix("").as_posix()
        for p in generated.rglob("*.md")
    }
    assert pages - listed == {"index"}
