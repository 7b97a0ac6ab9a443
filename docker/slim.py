"""Take out of an installation what running it never reads.

Run in the image's builder on the environment and on the interpreter's own folder. What
is removed: debug symbols, the packages' own tests, headers and sources of what is
compiled already, translations, stubs, front ends of notebooks, and parts of large
libraries that nothing here imports. The engines' contract suite is run in the image
afterwards, which is the proof that nothing needed went with it.
"""

from __future__ import annotations

import compileall
import py_compile
import shutil
import subprocess
import sys
from pathlib import Path

# Below site-packages. Each is large, and is only for what Parallax does not do.
UNUSED = (
    # Exchange adapters of NautilusTrader and its samples: Parallax trades through ccxt.
    "nautilus_trader/adapters/[!_se]*",
    "nautilus_trader/examples",
    # Remote queries, GPUs, another query format, and the headers to build against.
    "pyarrow/libarrow_flight*",
    "pyarrow/_flight*",
    "pyarrow/libarrow_s3*",
    "pyarrow/_s3fs*",
    "pyarrow/_hdfs*",
    "pyarrow/_gcsfs*",
    "pyarrow/_azurefs*",
    "pyarrow/include",
    "pyarrow/src",
    # Charts are drawn by matplotlib; plotly is imported by vectorbt and never shown.
    "plotly/package_data/plotly.min.js",
    "plotly/labextension",
    "widgetsnbextension",
    "anywidget/nbextension",
    "../../../share/jupyter",
    "../../../etc/jupyter",
    # The service speaks English; people write to it in any language.
    "django/**/locale/[!_e]*",
    "django/**/locale/e[!n]*",
    # The other clouds' interfaces: files go to S3, with keys of STS.
    "botocore/data/[!s_ep]*",
    "botocore/data/s[!3td]*",
    "botocore/data/st[!s]*",
    "botocore/data/e[!n]*",
    "botocore/data/p[!a]*",
    "boto3/data/[!s]*",
    "matplotlib/mpl-data/sample_data",
    "matplotlib/mpl-data/images",
    "matplotlib/mpl-data/fonts/afm",
    "matplotlib/mpl-data/fonts/pdfcorefonts",
    "matplotlib/mpl-data/fonts/ttf/STIX*",
    "matplotlib/mpl-data/fonts/ttf/cm*",
    "sklearn/datasets/data",
    "sklearn/datasets/images",
    "sklearn/datasets/descr",
    "numpy/_core/include",
    "llvmlite/binding/*.a",
    "pip",
)
UNCHECKED = py_compile.PycInvalidationMode.UNCHECKED_HASH
KINDS = ("*.pyi", "*.pyx", "*.pxd", "*.c", "*.cpp", "*.h", "*.hpp", "*.a", "*.map")
FOLDERS = ("tests", "__pycache__")
# Packages whose folder of that name is imported when they run.
KEEP = ("numpy/testing", "numpy/_core/tests", "pandas/_testing")
# Large and permissively licensed: kept as bytecode without docstrings, not as source.
# Copyleft packages, and those whose functions numba compiles, keep their sources.
BYTECODE_ONLY = (
    "IPython",
    "PIL",
    "aiohttp",
    "botocore",
    "ccxt",
    "dateparser",
    "fontTools",
    "matplotlib",
    "narwhals",
    "pandas",
    "plotly",
    "prompt_toolkit",
    "pygments",
    "scipy",
    "sklearn",
    "sqlalchemy",
    "wcwidth",
)
# Below the interpreter's library folder.
INTERPRETER = ("idlelib", "ensurepip", "turtledemo", "tkinter", "test", "lib2to3")


def packages_slim(site: Path) -> None:
    """Remove what is not read from the packages' folder."""
    for pattern in UNUSED:
        for path in sorted(site.glob(pattern)):
            _remove(path)
    for name in FOLDERS:
        for path in sorted(site.rglob(name)):
            inner = path.relative_to(site).as_posix()
            if path.is_dir() and not inner.startswith(KEEP):
                _remove(path)
    for kind in KINDS:
        for path in sorted(site.rglob(kind)):
            path.unlink()


def interpreter_slim(prefix: Path) -> None:
    """Remove development tools from the interpreter's own library."""
    library = prefix / "lib" / "python3.12"
    for name in (*INTERPRETER, "site-packages/pip"):
        _remove(library / name)
    for path in library.glob("config-3.12-*"):
        _remove(path)


def symbols_strip(root: Path) -> None:
    """Remove debug symbols and local names from shared libraries."""
    libraries = [
        path
        for path in root.rglob("*.so*")
        # What auditwheel has patched may not survive being laid out anew.
        if path.is_file() and not path.is_symlink() and ".libs" not in str(path.parent)
    ]
    for path in libraries:
        subprocess.run(  # noqa: S603
            ["strip", "--strip-unneeded", str(path)],  # noqa: S607
            check=True,
            capture_output=True,
        )


def bytecode_compile(root: Path) -> None:
    """Compile all modules; what cannot be compiled is a template, and is left as it is."""
    # Nothing changes in an image: sources are not looked at when it runs.
    compileall.compile_dir(root, quiet=2, workers=0, invalidation_mode=UNCHECKED)


def sources_drop(package: Path) -> None:
    """Put bytecode in the place of a package's sources."""
    for source in sorted(package.rglob("*.py")):
        compiled = source.with_suffix(".pyc")
        try:
            py_compile.compile(
                str(source),
                cfile=str(compiled),
                # As it would be named in a traceback, though it is not there.
                dfile=str(source),
                doraise=True,
                optimize=2,
                invalidation_mode=UNCHECKED,
            )
        except py_compile.PyCompileError:
            continue
        source.unlink()
    for folder in sorted(package.rglob("__pycache__")):
        shutil.rmtree(folder)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _size(root: Path) -> int:
    return sum(p.stat().st_size for p in root.rglob("*") if p.is_file())


def main(environment: Path, prefix: Path) -> None:
    """Slim both, and say what it brought."""
    site = environment / "lib" / "python3.12" / "site-packages"
    before = _size(environment)
    packages_slim(site)
    interpreter_slim(prefix)
    symbols_strip(site)
    symbols_strip(prefix / "lib")
    print(f"slim: {before / 1e6:,.0f} MB became {_size(environment) / 1e6:,.0f} MB")
    for name in BYTECODE_ONLY:
        sources_drop(site / name)
    bytecode_compile(site)
    bytecode_compile(prefix / "lib" / "python3.12")
    print(f"slim: {_size(environment) / 1e6:,.0f} MB with bytecode")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
