"""`payment import` into a full disk: one line, exit 1, whole batches only; and all of it once there is room."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from ledger.books.verify import verify
from ledger.inbox.model import NOTICE
from market.db import Database
from tests.market.served import RUN, market_to_serve


@pytest.mark.skipif(os.name != "posix", reason="files are limited in size by POSIX's setrlimit")
@pytest.mark.parametrize("dialect", ["sqlite"])
def test_an_import_that_fills_the_disk_leaves_whole_batches_and_is_finished_by_the_next(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    import resource

    def limit() -> None:
        # The write-ahead log of the first batches has room, that of the later ones has none.
        resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))

    file = tmp_path / "month.jsonl"
    with market_to_serve(database, database_url, tmp_path) as market:
        bodies = [market.body() for _ in range(4_000)]
        file.write_bytes(b"\n".join(bodies))
        arguments = [sys.executable, str(RUN), "payment", "import", str(file), "--channel", str(market.channel)]
        database.engine.dispose()
        full = subprocess.run(
            arguments, env=market.environment, capture_output=True, text=True, check=False, preexec_fn=limit
        )
        assert (full.returncode, full.stdout) == (1, "")
        (line,) = full.stderr.splitlines()
        assert line.startswith(("error: the disk is full; free some", "error: the disk refused to write; check its"))
        with database.reading() as session:
            assert verify(session).findings == []
            stored = session.connection().execute(select(func.count()).select_from(NOTICE)).scalar_one()
        assert 0 < stored < len(bodies)
        assert stored % 500 == 0
        database.engine.dispose()
        again = subprocess.run(arguments, env=market.environment, capture_output=True, text=True, check=False)
        assert (again.returncode, again.stderr) == (0, "")
        market.books_hold(bodies)


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_a_server_whose_disk_is_full_takes_whole_batches_too(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "month.jsonl"
    with market_to_serve(database, database_url, tmp_path) as market:
        bodies = [market.body() for _ in range(4_000)]
        file.write_bytes(b"\n".join(bodies))
        arguments = [sys.executable, str(RUN), "payment", "import", str(file), "--channel", str(market.channel)]
        with database.writing() as session:
            # What PostgreSQL itself says then (Appendix A, class 53), after some batches.
            session.connection().exec_driver_sql(
                "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN"
                " IF NEW.id > 1200 THEN RAISE disk_full USING MESSAGE = 'could not extend file'; END IF;"
                " RETURN NEW; END$$; CREATE TRIGGER full_disk BEFORE INSERT ON entry FOR EACH ROW EXECUTE"
                " FUNCTION full_disk()"
            )
        full = subprocess.run(arguments, env=market.environment, capture_output=True, text=True, check=False)
        assert (full.returncode, full.stdout) == (1, "")
        (line,) = full.stderr.splitlines()
        assert line.startswith("error: the database server's disk is full; free some")
        with database.reading() as session:
            stored = session.connection().execute(select(func.count()).select_from(NOTICE)).scalar_one()
        assert stored == 1_000
        with database.writing() as session:
            session.connection().exec_driver_sql("DROP FUNCTION full_disk() CASCADE")
        again = subprocess.run(arguments, env=market.environment, capture_output=True, text=True, check=False)
        assert (again.returncode, again.stderr) == (0, "")
        market.books_hold(bodies)
