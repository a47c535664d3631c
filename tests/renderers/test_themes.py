"""Themes: plain data that renderers share, readable, and told apart by every eye."""

import re
from inspect import signature
from itertools import combinations

import pytest
from pluggrad import Graph, RenderError, Value, configured, plugins, render, save, scope
from pluggrad.renderers.themes import THEMES, Theme, theme_of

DRAWN = ["svg", "graphviz", "dot", "html", "mermaid", "matplotlib"]
MINE = {"base": "dark", "leaf": "#0a1b2c", "ink": "#FEDCBA"}


def graph() -> Graph:
    """A graph with a node of every kind."""
    with scope("layer"):
        inner = Value(2.0, label="x") * 3.0
        inner = (inner * inner).tanh()
    out = (inner + Value(1.0, label="b")) * 2.0
    out.backward()
    return Graph(out).collapse("scope")


def colours(text: str) -> set[str]:
    return {colour.lower() for colour in re.findall("#[0-9a-fA-F]{6}", text)}


def drawn(renderer: str, **options: object) -> str:
    return str(render(graph(), renderer, **options))


# ----- Colours -----


def lightness(colour: str) -> float:
    """Relative luminance (https://www.w3.org/TR/WCAG22/#dfn-relative-luminance)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((lightness(one), lightness(other)))
    return (high + 0.05) / (low + 0.05)


# How colours look to the colour-blind: Machado, Oliveira and Fernandes (2009), severity 1.
SEEN = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "no green": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
    "no blue": ((1.256, -0.077, -0.179), (-0.078, 0.931, 0.148), (0.005, 0.691, 0.304)),
}


def lab(colour: str, seen: str) -> tuple[float, float, float]:
    """CIE L*a*b* under daylight, of a colour as somebody sees it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    rgb = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    r, g, b = (
        min(1.0, max(0.0, sum(w * x for w, x in zip(row, rgb, strict=True)))) for row in SEEN[seen]
    )
    xyz = (
        (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089,
    )
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def apart(one: str, other: str, seen: str) -> float:
    """How far apart two colours look; 2.3 is just noticeable."""
    pairs = zip(lab(one, seen), lab(other, seen), strict=True)
    return sum((a - b) ** 2 for a, b in pairs) ** 0.5


@pytest.mark.parametrize("name", THEMES)
def test_all_letters_can_be_read(name: str) -> None:
    theme = THEMES[name]
    least = 7.0 if name in ("contrast", "print") else 4.5
    for fill in (theme.paper, theme.result, theme.leaf, theme.output, theme.group, theme.constant):
        assert contrast(theme.ink, fill) >= 7.0
        assert contrast(theme.muted, fill) >= least, fill


@pytest.mark.parametrize("name", THEMES)
def test_lines_stand_out_from_the_paper(name: str) -> None:
    theme = THEMES[name]
    edges = (theme.line, theme.leaf_edge, theme.output_edge, theme.group_edge)
    least = 4.5 if name in ("contrast", "print") else 3.0
    assert all(contrast(edge, theme.paper) >= least for edge in edges)


@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize("name", [name for name in THEMES if name != "print"])
def test_kinds_are_told_apart_by_every_eye(name: str, seen: str) -> None:
    theme = THEMES[name]
    borders = (theme.line, theme.leaf_edge, theme.output_edge, theme.group_edge)
    fills = (theme.result, theme.leaf, theme.output, theme.group)
    looks = [*zip(borders, fills, strict=True)]
    for one, other in combinations(looks, 2):
        assert max(apart(a, b, seen) for a, b in zip(one, other, strict=True)) > 8.0


def test_print_is_grey() -> None:
    assert all(len({c[1:3], c[3:5], c[5:7]}) == 1 for c in THEMES["print"])


# ----- The option -----


@pytest.mark.parametrize("renderer", ["svg", "graphviz", "dot", "mermaid"])
@pytest.mark.parametrize("name", THEMES)
def test_a_picture_has_the_colours_of_its_theme_and_no_others(renderer: str, name: str) -> None:
    found = colours(drawn(renderer, theme=name))
    assert found <= set(THEMES[name])
    assert {THEMES[name].group, THEMES[name].leaf_edge} <= found


@pytest.mark.parametrize("name", THEMES)
def test_a_figure_has_the_colours_of_its_theme(name: str) -> None:
    from matplotlib.colors import to_hex

    figure = render(graph(), "matplotlib", theme=name)
    boxes = [text.get_bbox_patch() for text in figure.axes[0].texts if text.get_bbox_patch()]
    assert {to_hex(box.get_facecolor()) for box in boxes} <= set(THEMES[name])
    assert {to_hex(box.get_edgecolor()) for box in boxes} >= {THEMES[name].group_edge}
    assert to_hex(figure.get_facecolor()) == THEMES[name].paper


def test_auto_is_light_and_dark_where_the_reader_is(tmp_path) -> None:
    layered = drawn("svg", engine="layered")
    assert "@media (prefers-color-scheme:dark)" in layered
    assert set(THEMES["light"]) <= colours(layered) | {THEMES["light"].constant_edge}
    assert "@media" not in drawn("svg", engine="layered", theme="light")
    assert "@media" not in drawn("svg", theme="light")


@pytest.mark.parametrize("renderer", ["svg", "dot", "mermaid"])
def test_a_table_changes_what_it_names_and_takes_the_rest_from_its_base(renderer: str) -> None:
    found = colours(drawn(renderer, theme=MINE))
    assert {"#0a1b2c", "#fedcba", THEMES["dark"].output} <= found
    assert THEMES["dark"].leaf not in found


def test_a_settings_file_can_hold_one(tmp_path, monkeypatch) -> None:
    (tmp_path / "pluggrad.toml").write_text(
        '[renderers.dot.theme]\nbase = "print"\nleaf = "#0a1b2c"\n'
    )
    monkeypatch.chdir(tmp_path)
    assert colours(drawn("dot")) <= {*THEMES["print"], "#0a1b2c"}
    with configured(renderers={"dot": {"theme": "dark"}}):
        assert THEMES["dark"].leaf in drawn("dot")


@pytest.mark.parametrize("renderer", DRAWN)
@pytest.mark.parametrize(
    ("theme", "says"),
    [
        ("drak", r"option theme is one of 'light', 'dark', 'contrast', 'print'.*, not 'drak'"),
        (3, "option theme is a name or a table of colours, not int"),
        ({"base": "night"}, "the base of a theme is one of 'light', .*, not 'night'"),
        (
            {"leef": "#000000"},
            r"has no colour 'leef'; did you mean 'leaf'\? \(available: base, pap",
        ),
        ({"leaf": "blue"}, "leaf is a colour such as '#1f2933', not 'blue'"),
        ({"leaf": '#000000" onload="'}, "leaf is a colour such as"),
        ({"leaf": 3}, "leaf is a colour such as '#1f2933', not 3"),
    ],
    ids=str,
)
def test_a_wrong_theme_says_what_is_right(renderer: str, theme: object, says: str) -> None:
    with pytest.raises(RenderError, match=f"renderer '{renderer}': .*{says}"):
        render(Value(1.0), renderer, theme=theme)


def test_only_what_can_follow_the_reader_takes_auto() -> None:
    assert theme_of("x", "auto", auto=True) == (THEMES["light"], True)
    with pytest.raises(RenderError, match="theme"):
        render(Value(1.0), "mermaid", theme="auto")


def test_every_renderer_that_has_colours_has_the_option() -> None:
    assert set(DRAWN) == {
        name for name, kind in plugins.renderers.items() if "theme" in signature(kind).parameters
    }
    assert all(isinstance(theme, Theme) for theme in THEMES.values())


def test_a_file_of_a_figure_has_the_paper(tmp_path) -> None:
    from matplotlib.image import imread

    path = save(graph(), tmp_path / "a.png", "matplotlib", theme="dark")
    corner = imread(path)[0, 0, :3]
    paper = THEMES["dark"].paper
    assert [round(x * 255) for x in corner] == [int(paper[i : i + 2], 16) for i in (1, 3, 5)]
