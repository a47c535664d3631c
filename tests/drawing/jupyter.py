"""A real Jupyter server, and notebooks in a browser: JupyterLab, Notebook 7, the old one."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from browser import Browser

PLACES = {
    "lab": "lab/tree/{}?reset",
    "notebook": "notebooks/{}",
    "classic": "nbclassic/notebooks/{}",
}
# The server imports jsonschema, too; see tests/conftest.py.
LAB = "import sys; sys.modules['rfc3987_syntax'] = None; from jupyterlab.labapp import main; main()"
PATIENCE = 240  # seconds, for machines with much else to do
# What has no part in running and showing cells is not started.
UNUSED = (
    "audio celltags completer console csvviewer debugger documentsearch extensionmanager "
    "fileeditor help htmlviewer hub imageviewer inspector launcher logconsole lsp "
    "markdownviewer mermaid metadataform pluginmanager running settingeditor statusbar terminal "
    "toc tooltip video workspaces"
).split()
SETTINGS = {
    "default_setting_overrides.json": {
        "@jupyterlab/apputils-extension:notification": {
            "fetchNews": "false",
            "checkForUpdates": False,
        }
    },
    "page_config.json": {
        "buildAvailable": False,  # by a package manager
        "buildCheck": False,
        "disabledExtensions": {f"@jupyterlab/{name}-extension": True for name in UNUSED},
    },
}
OPTIONS = (
    "--no-browser --allow-root --ServerApp.port=0 --IdentityProvider.token= --ServerApp.password= "
    "--ServerApp.jpserver_extensions={'jupyter_lsp':False,'jupyter_server_terminals':False} "
    "--LabApp.expose_app_in_browser=True --JupyterNotebookApp.expose_app_in_browser=True "
    "--LabApp.extension_manager=readonly"
).split()


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Start a server of a folder on a free port, without a password; give its address."""
    own = folder / ".jupyter"
    (own / "config" / "labconfig").mkdir(parents=True)
    for name, content in SETTINGS.items():
        (own / "config" / "labconfig" / name).write_text(json.dumps(content), encoding="utf-8")
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(own / "config"),
        "JUPYTER_DATA_DIR": str(own / "data"),
        "JUPYTER_RUNTIME_DIR": str(own / "run"),
        "IPYTHONDIR": str(own / "ipython"),
    }
    command = [sys.executable, "-c", LAB, *OPTIONS, f"--ServerApp.root_dir={folder}"]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, cwd=folder, stderr=log, stdout=log)
    try:
        yield _address(own / "run", process, folder / "server.log")
    finally:
        process.terminate()  # it ends its kernels first
        try:
            process.wait(60)
        finally:
            process.kill()


def _address(run: Path, process: subprocess.Popen[bytes], log: Path) -> str:
    def found() -> str:
        assert process.poll() is None, log.read_text()
        for told in run.glob("jpserver-*.json"):
            with suppress(json.JSONDecodeError):  # it is being written
                return str(json.loads(told.read_text())["url"])
        return ""

    address: str = until(found)
    until(lambda: _answers(f"{address}api/status"))
    return address


def _answers(address: str) -> bool:
    try:
        return bool(urllib.request.urlopen(address, timeout=10).status == 200)
    except OSError:
        return False


def until(look: Any, what: str = "", patience: float = PATIENCE) -> Any:
    """Wait for something that is true."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError(f"nothing came: {what or look}")


class Notebook:
    """A notebook with some cells, in one of the three programs.

    Parameters:
        browser: shows it.
        address: that of the server, which serves the file.
        path: where the file is, below the server's folder.
        cells: the source of each cell.
    """

    def __init__(self, browser: Browser, address: str, path: Path, cells: list[str]) -> None:
        import nbformat

        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        made = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata=kernel
        )
        nbformat.write(made, path)
        self.browser, self.address, self.name = browser, address, path.name
        self.cells, self.folder = cells, path.parent

    def open(self, program: str) -> None:
        """Show it in one of the programs, and run all cells."""
        self.classic = program == "classic"
        driver = self.browser.driver
        everything = {"origin": self.address, "storageTypes": "all"}
        driver.execute_cdp_cmd("Storage.clearDataForOrigin", everything)
        driver.get(self.address + PLACES[program].format(self.name))
        self.run("window.confirm = () => true;")
        if self.classic:
            ready = (
                "const kernel = window.Jupyter?.notebook?.kernel;"
                "if (!kernel?.is_connected() || !('jupyter.widget' in kernel.comm_manager.targets))"
                "  return false;"
                "const { output_area } = Jupyter.notebook.get_cell(0);"
                "return output_area.mime_types().some((type) => type.includes('widget-view'))"
            )
            until(lambda: self.run(ready), "the kernel")
            self.run("Jupyter.notebook.execute_all_cells()")
        else:
            ready = (
                "const shown = window.jupyterapp?.shell?.currentWidget;"
                "return shown?.sessionContext?.session?.kernel?.connectionStatus === 'connected'"
            )
            until(lambda: self.run(ready), "the kernel")
            self.command("notebook:run-all-cells")
        until(self._has_run, "the end of the last cell")

    def _has_run(self) -> bool:
        prompts = (
            "return [...document.querySelectorAll('.jp-InputPrompt, .input_prompt')]"
            ".map((prompt) => prompt.textContent)"
        )
        numbers = [text for text in self.run(prompts) if "[" in text]
        return len(numbers) >= len(self.cells) and not any("*" in t or "[ ]" in t for t in numbers)

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the notebook."""
        return self.browser.run(script, *arguments)

    def command(self, name: str, **arguments: Any) -> None:
        """Run one of JupyterLab's commands; do not wait for its end."""
        self.run("void jupyterapp.commands.execute(arguments[0], arguments[1])", name, arguments)

    def picture(self, number: int, selector: str) -> Any:
        """Return the first of some elements in the output of a cell."""
        found, what = "return arguments[0].querySelector(arguments[1])", f"{selector} in {number}"

        def look() -> Any:
            return self.run(found, self.cell(number), selector)

        patience = 2.0 if self.classic else PATIENCE
        while patience < PATIENCE:  # it may show nothing of a widget: a reader runs the cell again
            with suppress(AssertionError):
                return until(look, what, patience)
            self.run("Jupyter.notebook.execute_cells([arguments[0]])", number)
            patience *= 2
        return until(look, what)

    def cell(self, number: int) -> Any:
        """Return the output of a cell, on the screen."""
        selector = ".cell .output_wrapper" if self.classic else ".jp-Cell .jp-Cell-outputWrapper"
        return until(
            lambda: self.run(
                "const found = document.querySelectorAll(arguments[0])[arguments[1]];"
                "found?.scrollIntoView({ block: 'center' });"
                "const shown = found?.textContent || found?.querySelector('svg, img, iframe');"
                "return shown ? found : null",
                selector,
                number,
            ),
            f"output of cell {number}",
        )

    def text(self, number: int) -> str:
        """Return the text that is seen in the output of a cell."""
        return str(self.run("return arguments[0].innerText", self.cell(number)))
