"""What is known of a stall and who sees it, as its holder's phone says."""

from flask.testing import FlaskClient


def test_the_phone_leads_to_who_sees_what(phone: FlaskClient) -> None:
    assert "/stall/privacy" in phone.get("/stall/").text
    page = phone.get("/stall/privacy").text
    assert "Ai thấy gì của sạp" in page
    assert "sau 180 ngày thì xoá" in page
