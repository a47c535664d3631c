"""Links inside the documentation lead somewhere; `make linkcheck` tries those that leave it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LINK = re.compile(r"\]\(([^)\s]+)\)")
PAGES = [ROOT / "README.md", ROOT / "plugins_example" / "README.md", *sorted(DOCS.glob("*.md"))]


def anchors(text):
    """Return the anchors of a page's headings, as GitHub and MyST make them, and explicit ones."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    made = {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}
    return made | set(re.findall(r"^\((\S+)\)=$", text, re.MULTILINE))


def check(page, place, generated):
    """Follow each link of a page that lies at `place`."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for link in LINK.findall(text):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (place / path).resolve() if path else page
        made = DOCS / "generated"
        if target.is_relative_to(made):
            target = generated / target.relative_to(made)
        assert target.exists(), f"{page.name}: {link}"
        if anchor:
            assert anchor in anchors(target.read_text()), f"{page.name}: {link}"


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
