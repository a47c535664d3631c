"""The renderers "graphml", "gexf" and "gml": files for Gephi, yEd, Cytoscape and other programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar
from xml.etree import ElementTree

from pluggrad import Graph, hookimpl

from .networkx import NetworkXRenderer
from .notebook_text import Shown
from .options import flag

# How XML Schema writes what Python writes otherwise (https://www.w3.org/TR/xmlschema-2/#double).
_SCHEMA = {"nan": "NaN", "inf": "INF", "-inf": "-INF"}


class GraphMLRenderer:
    """Return a graph as GraphML text, written by networkx; nothing is left out.

    Nodes and edges have the attributes that renderer "networkx" gives them.

    Parameters:
        derivatives: give edges their local derivatives and contributions; see "networkx".

    Raises:
        RenderError: for an option of the wrong type.

    >>> import networkx
    >>> from pluggrad import Value, render
    >>> text = render(Value(3.0, label="x") * 2.0, "graphml")
    >>> networkx.parse_graphml(text).nodes["n0"]["label"]
    'x'
    """

    name: ClassVar[str] = "graphml"
    suffixes: ClassVar[tuple[str, ...]] = (".graphml",)

    def __init__(self, *, derivatives: bool = False) -> None:
        self.derivatives = flag(self.name, "derivatives", derivatives)

    def __call__(self, graph: Graph) -> Shown:
        """Return the text, which ends in a newline."""
        return Shown.lines(_serialised(self._tree(_network(self.derivatives, graph))))

    def _tree(self, drawn: Any) -> ElementTree.Element:
        from networkx.readwrite.graphml import GraphMLWriter

        tree: ElementTree.Element = GraphMLWriter(graph=drawn).xml
        kinds = {key.get("id"): key.get("attr.type") for key in _each(tree, "key")}
        for data in _each(tree, "data"):
            kind, text = kinds.get(data.get("key")), data.text or ""
            if kind == "double":
                data.text = _SCHEMA.get(text, text)
            elif kind == "boolean":
                data.text = text.lower()
        for number, edge in enumerate(_each(tree, "edge")):
            edge.set("id", f"e{number}")  # networkx gives the key, but an id is there once
        return tree


class GexfRenderer(GraphMLRenderer):
    """Return a graph as GEXF 1.2 text, the format of Gephi, written by networkx.

    Nodes and edges have the attributes that renderer "networkx" gives them; nothing is left out,
    and the file bears no date.

    Parameters:
        derivatives: give edges their local derivatives and contributions; see "networkx".

    Raises:
        RenderError: for an option of the wrong type.

    >>> from pluggrad import Value, render
    >>> render(Value(3.0, label="x") * 2.0, "gexf").count("<node ")
    3
    """

    name: ClassVar[str] = "gexf"
    suffixes: ClassVar[tuple[str, ...]] = (".gexf",)

    def _tree(self, drawn: Any) -> ElementTree.Element:
        from networkx.readwrite.gexf import GEXFWriter

        tree: ElementTree.Element = GEXFWriter(graph=drawn, version="1.2draft").xml
        for meta in tree.iter("meta"):
            # The same graph gives the same file, today and with the next version of networkx.
            meta.attrib.pop("lastmodifieddate", None)
            for creator in _each(meta, "creator"):
                creator.text = "pluggrad"
        return tree


class GmlRenderer(GraphMLRenderer):
    """Return a graph as GML text, which Gephi, Cytoscape, igraph and networkx read.

    Nodes and edges have the attributes that renderer "networkx" gives them; only what it calls
    `label` is called `name`, because the label of a node in GML is its id, `n0` and so on.

    Parameters:
        derivatives: give edges their local derivatives and contributions; see "networkx".

    Raises:
        RenderError: for an option of the wrong type.

    >>> import networkx
    >>> from pluggrad import Value, render
    >>> text = render(Value(3.0, label="x") * 2.0, "gml")
    >>> networkx.parse_gml(text).nodes["n0"]["name"]
    'x'
    """

    name: ClassVar[str] = "gml"
    suffixes: ClassVar[tuple[str, ...]] = (".gml",)

    def __call__(self, graph: Graph) -> Shown:
        """Return the text, which ends in a newline."""
        from networkx import generate_gml

        drawn = _network(self.derivatives, graph)
        for _, attributes in drawn.nodes(data=True):
            attributes["name"] = attributes.pop("label")
        return Shown.lines("\n".join(generate_gml(drawn)) + "\n")


def _network(derivatives: bool, graph: Graph) -> Any:
    return NetworkXRenderer(derivatives=derivatives, strict=False)(graph)


def _each(tree: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    """Find the elements of a name, with or without the namespace that networkx may write."""
    return (element for element in tree.iter() if element.tag.rpartition("}")[2] == name)


def _serialised(tree: ElementTree.Element) -> str:
    ElementTree.indent(tree)
    text = ElementTree.tostring(tree, encoding="unicode", xml_declaration=False)
    # A parser would read a carriage return that stands as it is for a newline.
    text = text.replace("\r", "&#13;")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


@hookimpl
def pluggrad_register_renderers() -> list[type[GraphMLRenderer]]:
    """Register the graphml, gexf and gml renderers."""
    return [GraphMLRenderer, GexfRenderer, GmlRenderer]
