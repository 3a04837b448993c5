"""`serve`: this machine's own markets, in a browser."""

import click

from market.cli.opened import installation
from market.config import Settings
from market.doctor import unnamed
from market.secret_key import installation_key
from market.serve import serve, try_port
from market.tls import Certificate


@click.command()
@click.pass_obj
def command(settings: Settings) -> int:
    """Serve this machine's own markets."""
    from market.access.first import first_code
    from market.access.sessions import has_administrator

    # What the server would refuse only after it was announced.
    try_port(settings.host, settings.port)
    if settings.tls:
        Certificate(*settings.tls)
    opened = installation(settings)
    with opened.database.reading() as session:
        ready = has_administrator(session)
    installation_key(settings)
    click.echo(f"Serving on {settings.base_url} (Ctrl-C stops)", err=True)
    if not ready:
        click.echo(f"Nobody can sign in yet: open it and type the code {first_code(opened)}", err=True)
    if not settings.base_url.startswith("https://") and settings.host not in ("127.0.0.1", "localhost", "::1"):
        click.echo("Plain http: passwords can be read on the way; browsers allow no camera and no app", err=True)
    for finding in unnamed(settings):
        click.echo(f"{finding.message}; {finding.mend}", err=True)
    return serve(settings)
