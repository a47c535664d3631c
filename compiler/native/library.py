"""LLVM, by way of llvmlite: text of LLVM functions in, addresses of machine code out."""

from __future__ import annotations

import concurrent.futures.thread  # noqa: F401 - before _before_fork is registered, see there
import ctypes
import os
import re
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache as once
from itertools import count
from threading import RLock
from typing import Any

import llvmlite.binding as llvm
from pluggrad.progress import tell

from .cache import Cache


@once
def machine() -> Any:
    """Set up LLVM for this processor."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        codemodel="jitdefault",
        jit=True,
    )


@once
def straight_machine() -> Any:
    """Set up LLVM for long straight code: constants are read by their distance from it."""
    machine()
    if sys.platform == "win32":  # where calls of a distant library would need the large model
        return machine()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        reloc="pic",
        codemodel="small",
        jit=True,
    )


@once
def has_fma() -> bool:
    """Return whether this processor multiplies and adds with one rounding."""
    return bool(llvm.get_host_cpu_features().get("fma")) or "aarch64" in machine().triple


@once
def has_ldexp() -> bool:
    """Return whether LLVM has an instruction that multiplies vectors by powers of two."""
    return bool(llvm.get_host_cpu_features().get("avx512dq")) and llvm.llvm_version_info[0] >= 20


@once
def vector_width() -> int:
    """Return how many doubles straight code should compute side by side: two registers full.

    While one waits for a result, the other has something to do.
    """
    return 16 if llvm.get_host_cpu_features().get("avx512f") else 8


@once
def processor() -> str:
    """Name this processor, with all that its code may use."""
    return f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"


@once
def _jit() -> Any:
    # LLVM's older linker aborts the process where code and constants end up 2 GB apart.
    return llvm.create_lljit_compiler(machine(), use_jit_link=sys.platform != "win32")


_numbers = count()  # no two libraries of code in one process have the same name


def optimise(module: Any, *, loops: bool = True, unrolled: bool = True, level: int = 3) -> None:
    """Run LLVM's standard optimisations, those of loops if wanted: vectorising, unrolling.

    At level 0 nothing is done but to put small functions where they are called.
    """
    options = llvm.create_pipeline_tuning_options(speed_level=level if loops else 2)
    options.loop_vectorization = loops
    options.slp_vectorization = False
    options.loop_unrolling = loops and unrolled
    builder = llvm.create_pass_builder(machine(), options)
    builder.getModulePassManager().run(module, builder)


@once
def _helpers() -> dict[str, int]:
    """List the functions of C that some of numba's code calls: symbols and addresses."""
    from numba import _helperlib

    helpers: dict[str, int] = _helperlib.c_helpers  # type: ignore[attr-defined]
    return {f"numba_{name}": address for name, address in helpers.items()}


def unresolved(symbols: Iterable[str]) -> list[str]:
    """List those of some symbols that code which calls them could not be linked with.

    LLVM finds what is part of this process. Where that cannot be asked, on Windows, these are the
    functions of numba's memory runtime, which nothing loads here.
    """
    known = _helpers()
    return [x for x in symbols if not (x.startswith("llvm.") or x in known or _is_here(x))]


def _is_here(symbol: str) -> bool:
    if sys.platform == "win32":
        return not symbol.startswith("NRT_")
    return hasattr(_process(), symbol)


@once
def _process() -> Any:
    return ctypes.CDLL(None)


class Library:
    """Machine code, made when first asked for, and kept in memory and on disk.

    Threads that ask at once wait for each other: each function is made once.

    Attributes:
        compiled: how many functions had to be compiled in this process.
        seconds: the time that took.
    """

    def __init__(self) -> None:
        self.cache = Cache(processor())
        self.compiled = 0
        self.seconds = 0.0
        self._addresses: dict[str, int] = {}
        self._trackers: list[Any] = []

    def address(
        self,
        name: str,
        source: Callable[[], tuple[str, Iterable[str]]],
        needed_by: str = "",
        *,
        optimised: bool = False,
        straight: bool = False,
        light: bool = False,
        unrolled: bool = False,
    ) -> int:
        """Return the address of function `name`.

        Parameters:
            name: its name, which stands for all that it does: it is the key on disk.
            source: gives its LLVM text, and the texts of modules that it calls into.
            needed_by: a fingerprint of what the text depends on and the name does not tell.
            optimised: whether the text has been optimised already.
            straight: whether it is long straight code, which nothing needs to optimise.
            light: whether nothing but calls of small functions needs to be optimised.
            unrolled: whether its loops are unrolled, which takes LLVM as long as all else; those
                of kernels run no faster for it.
        """
        found = self._addresses.get(name)
        if found is None:
            with making:
                found = self._addresses.get(name)  # another thread may have made it meanwhile
                if found is None:
                    how = {
                        "optimised": optimised,
                        "straight": straight,
                        "light": light,
                        "unrolled": unrolled,
                    }
                    code = self._code(name, source, needed_by, how)
                    found = self._addresses[name] = self._loaded(name, code)
        return found

    def _code(
        self,
        name: str,
        source: Callable[[], tuple[str, Iterable[str]]],
        needed_by: str,
        how: dict[str, bool],
    ) -> bytes:
        """Read a function's object file from disk, or compile it."""
        key = f"{name} {needed_by}"
        code = self.cache.read(key)
        if code is None:
            start = time.perf_counter()
            tell(f"compiling for this processor, to be kept; function {self.compiled + 1}")
            text, modules = source()
            code = compiled(text, modules, **how)
            self.compiled += 1
            self.seconds += time.perf_counter() - start
            self.cache.write(key, code)
        return code

    def names(self) -> dict[int, str]:
        """Return which function is at which address, of all that were asked for."""
        return {address: name for name, address in list(self._addresses.items())}

    def has(self, name: str, needed_by: str = "") -> bool:
        """Return whether function `name` is there already, in memory or on disk."""
        return name in self._addresses or self.cache.read(f"{name} {needed_by}") is not None

    def _loaded(self, name: str, code: bytes) -> int:
        builder = llvm.JITLibraryBuilder().add_object_img(code).export_symbol(name)
        if b"numba_" in code:
            for helper, at in _helpers().items():
                builder = builder.import_symbol(helper, at)
        tracker = builder.add_current_process().link(_jit(), f"lib {name} {next(_numbers)}")
        self._trackers.append(tracker)
        address: int = tracker[name]
        return address


making = RLock()  # held while something is compiled, or imported for that: a fork waits for it
_held: list[Any] = []  # locks of others, while a process forks


def _of_others() -> list[Any]:
    """List the locks of numba, where it is loaded, and of llvmlite, in the order they are taken."""
    numba = getattr(sys.modules.get("numba.core.compiler_lock"), "global_compiler_lock", None)
    return [lock for lock in (numba, getattr(llvm.ffi.lib, "_lock", None)) if lock is not None]


def _before_fork() -> None:
    """Wait until nobody is in the middle of compiling: locks would stay taken in the child.

    Python calls first what was registered last. So this waits before `logging` and thread pools
    take their locks, which whoever compiles, or imports numba for that, may ask for.
    """
    making.acquire()
    _held[:] = _of_others()
    for lock in _held:
        lock.__enter__()


def _after_fork() -> None:
    while _held:
        with suppress(RuntimeError):  # Ctrl-C came before it was taken
            _held.pop().__exit__(None, None, None)
    making.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork
    )


@once
def _library() -> Library:
    return Library()


def library() -> Library:
    """Return this process's compiled code, which lives as long as the process."""
    with making:  # of two libraries one would be dropped, with its code
        return _library()


def compiled(
    text: str,
    modules: Iterable[str],
    *,
    optimised: bool = False,
    straight: bool = False,
    light: bool = False,
    unrolled: bool = False,
) -> bytes:
    """Compile LLVM text, linked with other modules, into an object file."""
    target = straight_machine() if straight else machine()
    module = llvm.parse_assembly(text)
    module.triple = target.triple
    module.data_layout = str(target.target_data)
    for other in modules:
        part = llvm.parse_assembly(re.sub(r"(?m)^target (datalayout|triple) = .*$", "", other))
        part.triple = module.triple
        part.data_layout = module.data_layout
        names = [f.name for f in part.functions if not f.is_declaration]
        module.link_in(part)
        for function in names:
            module.get_function(function).linkage = "internal"
            if not straight:  # which calls it many times
                module.get_function(function).add_function_attribute("alwaysinline")
    module.verify()
    if not optimised and not straight:
        optimise(module, unrolled=unrolled, level=0 if light else 3)
    code: bytes = target.emit_object(module)
    return code
