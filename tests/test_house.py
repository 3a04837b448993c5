"""The walls of the house, read from the syntax trees: who may import whom, and what no file may hold."""

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

MAY_IMPORT: dict[str, set[str]] = {
    "run.py": {"market"},
    "market": {"merchants", "ledger", "qr"},
    "merchants": {"ledger", "qr"},
    "ledger": set(),
    "qr": set(),
}
PACKAGES = set(MAY_IMPORT) - {"run.py"}
FOLDERS = [*sorted(PACKAGES), "tests", "bench", "docs", ".ci", "templates"]
WEB = {"flask", "flask_login", "flask_wtf", "jinja2", "waitress", "werkzeug"}
DATABASE = {"alembic", "psycopg", "pysqlite3", "sqlalchemy", "sqlite3", "sqlmodel"}
SAY_NOTHING = {"common", "core", "helper", "helpers", "misc", "util", "utils"}
BEFORE_INSTALLATION = {"run.py", "market/__init__.py", "market/door.py"}
MOST_LINES = 400

# A character class keeps this line from holding what it forbids.
FOREIGN = r"\.\./[s]hared|(?<![\w.])/(?:[w]ork|[r]oot|[t]mp|[h]ome)/|[A-Z]:\\+[U]sers|[p]ypi\.org|[p]ythonhosted\.org"


@dataclass(frozen=True)
class File:
    """A file of the repository: its path from the root, and its text."""

    path: str
    source: str

    @property
    def room(self) -> str:
        return self.path.partition("/")[0]

    def imports(self) -> Iterator[str]:
        """Every module this file imports, absolutely, wherever in the file that happens."""
        if not self.path.endswith(".py"):
            return
        for node in ast.walk(ast.parse(self.source)):
            match node:
                case ast.Import(names=names):
                    yield from (name.name for name in names)
                case ast.ImportFrom(module=module, level=level):
                    above = PurePosixPath(self.path).parts[:-level] if level else ()
                    yield ".".join([*above, *([module] if module else [])])
                case ast.Call(
                    func=ast.Name(id="__import__" | "import_module") | ast.Attribute(attr="import_module"),
                    args=[
                        ast.Constant(value=str(name)) | ast.JoinedStr(values=[ast.Constant(value=str(name)), *_]),
                        *_,
                    ],
                ):
                    yield name


def imports_go_one_way(file: File) -> Iterator[str]:
    if file.room in MAY_IMPORT:
        for name in file.imports():
            room = name.partition(".")[0]
            if room in PACKAGES and room != file.room and room not in MAY_IMPORT[file.room]:
                yield f"{file.room} may not import {name}"


def the_web_stays_in_market(file: File) -> Iterator[str]:
    if file.room in PACKAGES - {"market"}:
        yield from (f"imports {name}" for name in file.imports() if name.partition(".")[0].lower() in WEB)


def qr_knows_no_database(file: File) -> Iterator[str]:
    if file.room == "qr":
        yield from (f"imports {name}" for name in file.imports() if name.partition(".")[0] in DATABASE)


def the_door_needs_nothing_installed(file: File) -> Iterator[str]:
    if file.path in BEFORE_INSTALLATION:
        for name in file.imports():
            # What the door hands over to is imported by the Python of `.venv`.
            if name.partition(".")[0] not in sys.stdlib_module_names and name not in {"market.door", "market.cli"}:
                yield f"imports {name}, which is not in the standard library"


def the_edge_alone_commits(file: File) -> Iterator[str]:
    if file.room in {"ledger", "merchants"}:
        for node in ast.walk(ast.parse(file.source)) if file.path.endswith(".py") else ():
            match node:
                case ast.Call(func=ast.Attribute(attr="commit")):
                    yield f"commits in line {node.lineno}"


def a_module_is_named_for_what_it_does(file: File) -> Iterator[str]:
    path = PurePosixPath(file.path)
    yield from (f"{name} says nothing" for name in [*path.parts[:-1], path.stem] if name in SAY_NOTHING)


def a_file_is_read_in_one_sitting(file: File) -> Iterator[str]:
    lines = file.source.count("\n")
    if file.path.endswith(".py") and lines > MOST_LINES:
        yield f"has {lines} lines, and {MOST_LINES} are the most"


def nothing_leads_out_of_the_repository(file: File) -> Iterator[str]:
    for number, line in enumerate(file.source.splitlines(), 1):
        if found := re.search(FOREIGN, line):
            yield f"line {number} names {found[0]}"


Rule = Callable[[File], Iterator[str]]
RULES: list[Rule] = [
    imports_go_one_way,
    the_web_stays_in_market,
    qr_knows_no_database,
    the_door_needs_nothing_installed,
    the_edge_alone_commits,
    a_module_is_named_for_what_it_does,
    a_file_is_read_in_one_sitting,
    nothing_leads_out_of_the_repository,
]

# One forbidden file a case.
FORBIDDEN: list[tuple[Rule, str, str]] = [
    (imports_go_one_way, "qr/tlv.py", "import ledger"),
    (imports_go_one_way, "qr/tlv.py", "from merchants.stalls import Stall"),
    (imports_go_one_way, "ledger/books/post.py", "import qr.banks"),
    (imports_go_one_way, "ledger/books/post.py", "def f():\n    from merchants import stalls"),
    (imports_go_one_way, "ledger/books/post.py", "import importlib\nimportlib.import_module('market.config')"),
    (imports_go_one_way, "ledger/books/post.py", "import_module(f'qr.{name}')"),
    (imports_go_one_way, "merchants/payments.py", "from market import config"),
    (imports_go_one_way, "run.py", "import ledger"),
    (the_web_stays_in_market, "merchants/payments.py", "from flask import request"),
    (the_web_stays_in_market, "ledger/inbox/receive.py", "import werkzeug.exceptions"),
    (the_web_stays_in_market, "qr/image.py", "import flask"),
    (qr_knows_no_database, "qr/banks.py", "import sqlite3"),
    (qr_knows_no_database, "qr/banks.py", "from sqlalchemy.orm import Session"),
    (the_door_needs_nothing_installed, "market/door.py", "def f():\n    import click"),
    (the_door_needs_nothing_installed, "market/door.py", "from market.config import Settings"),
    (the_door_needs_nothing_installed, "market/door.py", "from .config import Settings"),
    (the_door_needs_nothing_installed, "market/__init__.py", "import sqlmodel"),
    (the_door_needs_nothing_installed, "run.py", "import click"),
    (the_edge_alone_commits, "merchants/payments.py", "session.commit()"),
    (the_edge_alone_commits, "ledger/books/post.py", "def f(session):\n    session.connection().commit()"),
    (a_module_is_named_for_what_it_does, "ledger/utils.py", ""),
    (a_module_is_named_for_what_it_does, "merchants/common/names.py", ""),
    (a_module_is_named_for_what_it_does, "tests/helpers.py", ""),
    (a_file_is_read_in_one_sitting, "market/cli/stall.py", "pass\n" * (MOST_LINES + 1)),
    (nothing_leads_out_of_the_repository, "tests/qr/test_tlv.py", "open('../" + "shared/tlv.json')"),
    (nothing_leads_out_of_the_repository, "README.md", "See /ho" + "me/lan/cho."),
    (nothing_leads_out_of_the_repository, "requirements.lock", "--index-url https://pypi" + ".org/simple"),
]

# The same, where it is right.
ALLOWED: list[tuple[Rule, str, str]] = [
    (imports_go_one_way, "market/cli/stall.py", "import qr, ledger, merchants"),
    (imports_go_one_way, "merchants/payments.py", "import qr.banks\nfrom ledger.books import post"),
    (imports_go_one_way, "ledger/books/post.py", "from ledger.refused import Refused\nfrom . import chain"),
    (imports_go_one_way, "tests/qr/test_tlv.py", "import qr, ledger"),
    (the_web_stays_in_market, "market/web/board.py", "import flask"),
    (qr_knows_no_database, "ledger/books/post.py", "import sqlalchemy"),
    (the_door_needs_nothing_installed, "market/door.py", "import os, pathlib\nfrom market.cli import main"),
    (the_edge_alone_commits, "market/cli/stall.py", "session.commit()"),
    (a_module_is_named_for_what_it_does, "ledger/books/post.py", ""),
    (a_file_is_read_in_one_sitting, "market/cli/stall.py", "pass\n" * MOST_LINES),
    (nothing_leads_out_of_the_repository, "README.md", "See https://example.org/ho" + "me/cho."),
]


def _paths() -> list[Path]:
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    found += [path for path in ROOT.iterdir() if path.suffix in {".py", ".md", ".toml", ".lock"}]
    return [path for path in found if path.is_file() and "__pycache__" not in path.parts and path.name != ".venv.lock"]


def _files() -> list[File]:
    files = []
    for path in _paths():
        try:
            source = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or a font
        files.append(File(path.relative_to(ROOT).as_posix(), source))
    return files


def _named(rule: object) -> str | None:
    return getattr(rule, "__name__", None)


@pytest.mark.parametrize("rule", RULES, ids=_named)
def test_the_house_keeps_the_rule(rule: Rule) -> None:
    assert [f"{file.path}: {finding}" for file in _files() for finding in rule(file)] == []


@pytest.mark.parametrize(("rule", "path", "source"), FORBIDDEN, ids=_named)
def test_the_rule_bites(rule: Rule, path: str, source: str) -> None:
    assert len(list(rule(File(path, source)))) == 1


@pytest.mark.parametrize(("rule", "path", "source"), ALLOWED, ids=_named)
def test_the_rule_lets_pass_what_is_right(rule: Rule, path: str, source: str) -> None:
    assert list(rule(File(path, source))) == []


@pytest.mark.parametrize("rule", RULES, ids=_named)
def test_every_rule_is_proven_both_ways(rule: Rule) -> None:
    assert rule in [case[0] for case in FORBIDDEN]
    assert rule in [case[0] for case in ALLOWED]


def test_all_four_packages_and_the_door_are_seen() -> None:
    assert {file.room for file in _files() if file.path.endswith(".py")} >= PACKAGES | {"run.py", "tests"}


def test_every_package_is_listed_for_setuptools() -> None:
    folders = {path.parent.relative_to(ROOT) for path in _paths() if path.suffix == ".py"}
    packages = {".".join(folder.parts) for folder in folders if folder.parts and folder.parts[0] in PACKAGES}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == packages


def test_every_data_file_of_a_package_is_shipped() -> None:
    shipped = PROJECT["tool"]["setuptools"]["package-data"]
    for path in _paths():
        relative = path.relative_to(ROOT)
        if relative.parts[0] in PACKAGES and path.suffix != ".py":
            rooms = [folder for folder in relative.parents if (ROOT / folder / "__init__.py").exists()]
            inside = relative.relative_to(rooms[0]).as_posix()
            patterns = shipped.get(".".join(rooms[0].parts), [])
            assert any(fnmatch(inside, pattern) for pattern in patterns), f"{relative} is not in package-data"
