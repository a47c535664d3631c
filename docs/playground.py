"""Put the playground beside the documentation: Python in the browser, with pluggrad in it.

    python docs/playground.py docs/_build/html

Writes the folder `playground` there. Pyodide comes from npm, pluggrad is the wheel of this
repository, and what it needs is what is installed. Nothing is loaded from elsewhere, so that it
works without a network, on any web server: `python -m http.server -d docs/_build/html`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent
PYODIDE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
LOCK = "pyodide-lock.json"
NEEDED = ("pluggy", "graphviz", "networkx")


def main() -> int:
    """Write the folder, where there is npm."""
    target = Path(sys.argv[1]) / "playground"
    shutil.copytree(HERE / "playground", target, dirs_exist_ok=True)
    pyodide = pyodide_folder(target.parent)
    if pyodide is None:
        print("no npm: the playground says that Python could not be loaded")
        return 0
    for name in (*PYODIDE, LOCK):
        shutil.copyfile(pyodide / name, target / name)
    write_packages(target / "packages.zip")
    print(target / "index.html")
    return 0


def pyodide_folder(built: Path) -> Path | None:
    """Find Pyodide in PLUGGRAD_PYODIDE, or install it beside what is built, once."""
    given = os.environ.get("PLUGGRAD_PYODIDE")
    root = Path(given) if given else built.parent / "npm"
    folder = root / "node_modules" / "pyodide"
    if not (folder / LOCK).exists() and shutil.which("npm"):
        root.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(root), "pyodide"]
        subprocess.run(command, check=False, capture_output=True)
    return folder if (folder / LOCK).exists() else None


def write_packages(path: Path) -> None:
    """Pack pluggrad and what it needs into one archive, as they lie in site-packages."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        with TemporaryDirectory() as folder, zipfile.ZipFile(wheel(Path(folder))) as ours:
            for name in ours.namelist():
                packed.writestr(name, ours.read(name))
        for package in NEEDED:
            for file in metadata.files(package) or ():
                if file.suffix != ".pyc" and ".." not in file.parts and "tests" not in file.parts:
                    packed.write(file.locate(), file.as_posix())


def wheel(folder: Path) -> Path:
    """Build the wheel of this repository."""
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-build-isolation", "--no-deps"]
    subprocess.run([*pip, "-w", str(folder), str(HERE.parent)], check=True, capture_output=True)
    return next(folder.glob("pluggrad-*.whl"))


if __name__ == "__main__":
    sys.exit(main())
