"""The settings: every default, and what is refused with the name of the setting and the mend."""

from datetime import timedelta
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from ledger.refused import Refused
from market.config import SETTINGS, Settings

ROOT = Path(__file__).resolve().parents[2]


def _refusal(environment: dict[str, str]) -> list[str]:
    with pytest.raises(Refused) as refused:
        Settings.from_environment(environment)
    return [str(problem) for problem in refused.value.problems]


def test_without_a_setting_everything_lies_in_data_beside_the_program() -> None:
    settings = Settings.from_environment({})
    assert settings.data == ROOT / "data"
    assert settings.database_url == f"sqlite:///{ROOT / 'data' / 'cho.sqlite'}"
    assert settings.secret_key_file == ROOT / "data" / "secret.key"
    assert settings.secret_key is None
    assert (settings.base_url, settings.host, settings.port) == ("http://127.0.0.1:8000", "127.0.0.1", 8000)


def test_every_setting_is_taken(tmp_path: Path) -> None:
    settings = Settings.from_environment(
        {
            "CHO_DATA": str(tmp_path),
            "CHO_DATABASE_URL": "postgresql+psycopg://cho@localhost/cho",
            "CHO_BASE_URL": "https://cho.example.vn/",
            "CHO_HOST": "0.0.0.0",  # noqa: S104
            "CHO_PORT": "8080",
            "CHO_SECRET_KEY": "k" * 32,
            "CHO_SECRET_KEY_FILE": str(tmp_path / "key"),
            "CHO_SEPAY_API": "https://userapi-sandbox.sepay.vn/v2/",
            "CHO_CASSO_API": "http://127.0.0.1:8080",
            "CHO_TLS_CERT": "cert.pem",
            "CHO_TLS_KEY": "key.pem",
            "CHO_PROXIES": "127.0.0.1, 10.0.0.0/8",
            "CHO_BACKUP_PASSPHRASE_FILE": "passphrase",
            "CHO_KEEP_PAYERS_DAYS": "30",
        }
    )
    assert settings == Settings(
        data=tmp_path,
        database_url="postgresql+psycopg://cho@localhost/cho",
        base_url="https://cho.example.vn",
        base_url_given=True,
        tls=(Path("cert.pem"), Path("key.pem")),
        proxies=(IPv4Network("127.0.0.1/32"), IPv4Network("10.0.0.0/8")),
        host="0.0.0.0",  # noqa: S104
        port=8080,
        secret_key="k" * 32,
        secret_key_file=tmp_path / "key",
        sepay_api="https://userapi-sandbox.sepay.vn/v2",
        casso_api="http://127.0.0.1:8080",
        backup_passphrase_file=Path("passphrase"),
        keep_payers=timedelta(days=30),
    )


def test_an_empty_setting_is_as_good_as_none() -> None:
    assert Settings.from_environment(dict.fromkeys(SETTINGS, "")) == Settings.from_environment({})


def test_a_relative_folder_is_meant_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings.from_environment({"CHO_DATA": "market"}).data == tmp_path / "market"


def test_other_names_are_no_business_of_ours() -> None:
    assert Settings.from_environment({"CHOICE": "1", "cho_data": "1"}) == Settings.from_environment({})


def test_every_unknown_name_is_told_with_the_names_there_are() -> None:
    known = ", ".join(SETTINGS)
    assert _refusal({"CHO_DATABASE": "x", "CHO_DATA_DIR": "y"}) == [
        f"CHO_DATABASE: is no setting; the settings are {known}",
        f"CHO_DATA_DIR: is no setting; the settings are {known}",
    ]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("CHO_DATABASE_URL", "mysql://x", "must begin with sqlite:/// or postgresql+psycopg://"),
        ("CHO_DATABASE_URL", "cho.sqlite", "must begin with sqlite:/// or postgresql+psycopg://"),
        ("CHO_DATABASE_URL", "postgresql://x", "must begin with sqlite:/// or postgresql+psycopg://"),
        (
            "CHO_SEPAY_API",
            "http://userapi.sepay.vn/v2",
            "'http://userapi.sepay.vn/v2' is no address of an interface; write https://name/path",
        ),
        (
            "CHO_CASSO_API",
            "https://user@oauth.casso.vn",
            "'https://user@oauth.casso.vn' is no address of an interface; write https://name/path",
        ),
        ("CHO_KEEP_PAYERS_DAYS", "0", "'0' is no number of days; write one from 1 to 3650"),
        ("CHO_KEEP_PAYERS_DAYS", "-1", "'-1' is no number of days; write one from 1 to 3650"),
        ("CHO_PORT", "0", "'0' is no port; write a number from 1 to 65535"),
        ("CHO_PORT", "65536", "'65536' is no port; write a number from 1 to 65535"),
        ("CHO_PORT", "http", "'http' is no port; write a number from 1 to 65535"),
        ("CHO_PORT", "٨٠", "'٨٠' is no port; write a number from 1 to 65535"),
        ("CHO_BASE_URL", "cho.vn", "'cho.vn' is no address; write https://name, without a path"),
        ("CHO_TLS_KEY", "key.pem", "needs CHO_TLS_CERT beside it"),
        ("CHO_TLS_CERT", "cert.pem", "needs CHO_TLS_KEY beside it"),
        ("CHO_PROXIES", "10.0.0.5/8", "10.0.0.5/8 has host bits set; write addresses or networks, such as 127.0.0.1"),
        ("CHO_BASE_URL", "https://cho.vn/cho", "'https://cho.vn/cho' is no address; write https://name, without a"),
        ("CHO_SECRET_KEY", "short", "must have 32 characters or more"),
    ],
)
def test_a_wrong_value_is_refused_with_the_setting_and_the_mend(name: str, value: str, message: str) -> None:
    (line,) = _refusal({name: value})
    assert line.startswith(f"{name}: {message}")


def test_a_refused_key_is_not_shown() -> None:
    assert "hunter2" not in _refusal({"CHO_SECRET_KEY": "hunter2"})[0]


def test_a_certificate_needs_an_https_address() -> None:
    both = {"CHO_TLS_CERT": "cert.pem", "CHO_TLS_KEY": "key.pem"}
    assert Settings.from_environment(both).base_url == "https://127.0.0.1:8000"
    assert _refusal({**both, "CHO_BASE_URL": "http://cho.vn"}) == [
        "CHO_BASE_URL: 'http://cho.vn' must begin with https://, for CHO_TLS_CERT has https served"
    ]


def test_an_address_is_written_as_browsers_do() -> None:
    assert Settings.from_environment({"CHO_BASE_URL": "https://cho.vn:443"}).base_url == "https://cho.vn"
    assert Settings.from_environment({"CHO_HOST": "::1"}).base_url == "http://[::1]:8000"
