"""What runs a program of the playground, inside of Pyodide: gives its page, and what it printed."""

import contextlib
import io
import json
import linecache
import traceback

from pluggrad import Film, Graph, Value, recording_lines, render
from pyodide.code import eval_code

NAME = "program.py"


def run(program):
    """Run a program; return its page, its output, and whether it failed, as JSON."""
    linecache.cache[NAME] = (len(program), None, program.splitlines(True), NAME)
    names, printed, page = {"__name__": "__main__"}, io.StringIO(), ""
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            with recording_lines():
                shown = eval_code(program, names, filename=NAME)
            page = page_of(shown, names)
        except BaseException as cause:
            printed.write(told(cause))
            return json.dumps([page, printed.getvalue(), True])
    return json.dumps([page, printed.getvalue(), False])


def page_of(shown, names):
    """Draw the last line, or else the Value that was named last."""
    if not isinstance(shown, Value | Graph | Film):
        shown = next((x for x in reversed(names.values()) if isinstance(x, Value | Film)), None)
    if shown is None:
        print("There is nothing to draw: let the last line be a Value.")
        return ""
    named = {"names": names} if isinstance(shown, Value) else {}
    return str(render(shown, "html", live=True, **named))


def told(cause):
    """Write an error, from the first line of the program on."""
    trace = cause.__traceback__
    while trace and trace.tb_frame.f_code.co_filename != NAME:
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(cause), cause, trace))


run  # noqa: B018  # what the worker calls
