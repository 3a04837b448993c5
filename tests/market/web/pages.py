"""What a browser of a test is shown: a page, and the page that follows a form."""

from flask.testing import FlaskClient


def read(browser: FlaskClient, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200, answer.status
    return answer.get_data(as_text=True)


def after(browser: FlaskClient, address: str, **data: object) -> str:
    """The page that follows a form."""
    answer = browser.post(address, data=data)
    assert answer.status_code == 303, answer.status
    return read(browser, answer.location)
