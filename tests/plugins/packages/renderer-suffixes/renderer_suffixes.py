"""Its suffixes are one text."""

from pluggrad import hookimpl


class SuffixRenderer:
    name = "suffix"
    suffixes = ".txt"

    def __call__(self, graph):
        return ""


@hookimpl
def pluggrad_register_renderers():
    return [SuffixRenderer]
