"""The one door to Cho 4.0: `python3 run.py` on Linux and macOS, `py run.py` on Windows.

This file must compile on every Python from 2.7 on, so that an old one gets a line it can act on.
"""
import os
import sys

if sys.version_info < (3, 11):
    sys.stderr.write(
        "error: Cho 4.0 needs Python 3.11 or later; this is %d.%d.%d. "
        "Install a newer one (https://www.python.org/downloads/) and run it with that\n" % sys.version_info[:3]
    )
    sys.exit(1)

if __name__ == "__main__":
    # Python leaves the script's folder out when it is told to be safe (-P, -I, PYTHONSAFEPATH).
    sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
    from market.door import enter

    sys.exit(enter(sys.argv[1:]))
