"""`demo`: a sample province to look at, in a data folder of its own."""

from dataclasses import replace

import click

from ledger.days import Month, local_date, utc_now
from market.cli.output import progress
from market.config import Settings


@click.command()
@click.option("--no-serve", is_flag=True, help="Build it and stop.")
@click.option("--stalls", type=click.IntRange(4, 5_000), default=412, show_default=True, help="Of the first market.")
@click.option("--months", type=click.IntRange(1, 60), default=12, show_default=True, help="Full months before this.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same province.")
@click.pass_obj
def command(settings: Settings, no_serve: bool, stalls: int, months: int, seed: int) -> int:
    """Build a sample province and serve it on 127.0.0.1; its people and their money are invented.

    It lies in CHO_DATA/demo, apart from real data. Called again it goes on where it was.
    """
    from market.demo.build import build, size
    from market.demo.live import play
    from market.demo.plan import Plan
    from market.serve import serve, try_port

    data = settings.data / "demo"
    own = replace(
        settings,
        data=data,
        database_url=f"sqlite:///{data / 'cho.sqlite'}",
        base_url=f"http://127.0.0.1:{settings.port}",
        base_url_given=False,
        tls=None,
        proxies=(),
        host="127.0.0.1",
        secret_key=None,
        secret_key_file=data / "secret.key",
    )
    if not no_serve:
        # Whoever waits for the province to be built should not learn only then that it cannot be served.
        try_port(own.host, own.port)
    # As every start makes it; the sample alone would make it on its way, open to everybody.
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    now = utc_now()
    plan = Plan(stalls, months, seed, Month.of(local_date(now)))
    with progress("Building the sample province", size(plan)) as step:
        built = build(own, plan, now=now, progress=step)
    where = f"`python3 run.py demo` serves it on {own.base_url}" if no_serve else f"it is served on {own.base_url}"
    click.echo(f"The sample province is in {data}; {where}")
    for path, page in (("/", "sign in"), ("/s/quang-ngai/C-01", "a stall's page for shoppers, without signing in")):
        click.echo(f"  {own.base_url}{path}  {page}")
    for login in built.logins:
        click.echo(f"  {login['login']:16} {login['password']}  {login['role']} {login['where']}".rstrip())
    if no_serve:
        return 0
    return serve(own, play)
