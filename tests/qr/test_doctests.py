import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import qr

MODULES = [module.name for module in pkgutil.iter_modules(qr.__path__)]
GUIDE = Path(__file__).parents[2] / "docs" / "qr.md"


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_the_docstrings_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"qr.{name}")).failed == 0


def test_the_examples_in_the_guide_hold() -> None:
    result = doctest.testfile(str(GUIDE), module_relative=False, encoding="utf-8", optionflags=doctest.ELLIPSIS)
    assert result.attempted > 10
    assert result.failed == 0
