"""The simulation's own modules tell, as tests do, both sides of what did not hold."""

import pytest

pytest.register_assert_rewrite("tests.simulation.market")
