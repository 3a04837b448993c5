import doctest
import importlib
import pkgutil

import pytest

import qr

MODULES = [module.name for module in pkgutil.iter_modules(qr.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_the_docstrings_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"qr.{name}")).failed == 0
