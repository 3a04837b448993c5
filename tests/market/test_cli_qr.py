import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from market.cli import main
from qr import banks, vietqr
from qr import image as pictures

ACCOUNT = ["--bank", "970436", "--account", "0011012345678"]
PAYLOAD = (
    "00020101021238570010A00000072701270006970403011300110123456780208QRIBFTTA"
    "530370454061800005802VN62340107NPS68690819thanh toan don hang63042E2E"
)
HEAVY = ("sqlmodel", "sqlalchemy", "flask", "reportlab", "PIL", "segno", "zxingcpp", "pypdfium2", "cryptography")


def _feed(monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))


def test_encode_prints_the_payload_alone_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--bank", "970403", "--account", "0011012345678", "--amount", "180000"]
    assert main(["qr", "encode", *options, "--bill", "NPS6869", "--purpose", "thanh toán đơn hàng"]) == 0
    assert capsys.readouterr() == (PAYLOAD + "\n", "")


def test_encode_without_an_amount_makes_a_static_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["qr", "encode", *ACCOUNT]) == 0
    assert vietqr.decode(capsys.readouterr().out.strip()).initiation == "static"


def test_encode_to_a_card_names_the_card_service(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["qr", "encode", "--bank", "STB", "--account", "9704031101234567", "--card"]) == 0
    assert vietqr.decode(capsys.readouterr().out.strip()).service == "QRIBFTTC"


def test_every_option_of_encode_reaches_its_field(capsys: pytest.CaptureFixture[str]) -> None:
    texts = {"purpose": "a", "bill": "b", "store": "c", "reference": "d", "terminal": "e"}
    texts |= {"merchant_name": "f", "city": "g", "mcc": "5411"}
    options = [part for name, value in texts.items() for part in (f"--{name.replace('_', '-')}", value)]
    assert main(["qr", "encode", *ACCOUNT, *options]) == 0
    decoded = vietqr.decode(capsys.readouterr().out.strip())
    assert {name: getattr(decoded, name) for name in texts} == texts


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--amount", "10.000"], "error: amount: '10.000' is no whole number"),
        (["--amount", "-5000"], "error: amount: '-5000' is no whole number"),
        (["--amount", "٥٠٠٠"], "error: amount: '٥٠٠٠' is no whole number"),
        (["--amount", "0"], "error: amount: 0 is not between"),
        (["--amount", "500000000"], "error: amount: 500000000 is not between"),
        (["--purpose", "x" * 26], "error: purpose: has 26 characters, 25 fit"),
        (["--bank", "BVB"], "error: bank: 'BVB' may be 970438"),
        (["--bank", "Ngân hàng Ta"], "error: bank: 'Ngân hàng Ta' is no bank"),
        (["--city", "Hà Nội 🙂"], "error: city: may not hold '🙂'"),
    ],
)
def test_encode_refuses_by_the_name_of_the_field(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["qr", "encode", *ACCOUNT, *options]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(message)
    assert err.count("\n") == 1


def test_a_long_purpose_is_taken_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["qr", "encode", *ACCOUNT, "--long-purpose", "--purpose", "x" * 95]) == 0
    assert vietqr.decode(capsys.readouterr().out.strip()).purpose == "x" * 95


@pytest.mark.parametrize("options", [[], ["--bank", "VCB"], ["--account", "1"], ["-", "--bank", "VCB"], ["x"]])
def test_encode_called_wrongly_is_wrong_usage(options: list[str]) -> None:
    assert main(["qr", "encode", *options]) == 2


def test_encode_from_stdin_answers_every_line_with_a_payload_or_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        {"bank": "970403", "account": "0011012345678", "amount": 180000, "bill": "NPS6869"}
        | {"purpose": "thanh toán đơn hàng", "card": False, "store": None},
        {"bank": "VCB", "account": "1", "purpose": "y" * 30},
        {"bank": "VCB", "account": "1", "merchant_name": "Cô Tám"},
    ]
    _feed(monkeypatch, "".join(json.dumps(line, ensure_ascii=False) + "\r\n" for line in lines).encode("utf-8-sig"))
    assert main(["qr", "encode", "-"]) == 1
    first, second, third = capsys.readouterr().out.splitlines()
    assert first == PAYLOAD
    assert second.startswith("error: purpose: has 30 characters")
    assert vietqr.decode(third).merchant_name == "Co Tam"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"bank":"VCB","account":12}', "error: account: must be text, in quotes"),
        ('{"bank":"VCB"}', "error: account: is missing"),
        ('{"bank":"VCB","account":"1","amount":10.0}', "error: amount: 10.0 is no whole number"),
        ('{"bank":"VCB","account":"1","amount":true}', "error: amount: True is no whole number"),
        ('{"bank":"VCB","account":"1","amount":"10.000"}', "error: amount: '10.000' is no whole number"),
        ('{"bank":"VCB","account":"1","amount":1,"amount":2}', "error: amount: stands twice in the line"),
        ('{"bank":"VCB","account":"1","card":"no"}', "error: card: must be true or false"),
        ('{"bank":"VCB","account":"1","acount":"2"}', "error: acount: is no key"),
        ('["VCB"]', "error: line: is no JSON object"),
        ("", "error: line: is no JSON object"),
        ("[" * 100_000, "error: line: is no JSON object"),
    ],
)
def test_a_line_that_could_mislead_is_refused(
    line: str, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _feed(monkeypatch, line.encode() + b"\n")
    assert main(["qr", "encode", "-"]) == 1
    assert capsys.readouterr().out.startswith(message)


def test_decode_prints_the_whole_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["qr", "decode", PAYLOAD, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document.pop("data_objects")[2] == {
        "id": "38",
        "value": "0010A00000072701270006970403011300110123456780208QRIBFTTA",
        "children": [
            {"id": "00", "value": "A000000727", "children": []},
            {
                "id": "01",
                "value": "000697040301130011012345678",
                "children": [
                    {"id": "00", "value": "970403", "children": []},
                    {"id": "01", "value": "0011012345678", "children": []},
                ],
            },
            {"id": "02", "value": "QRIBFTTA", "children": []},
        ],
    }
    assert document == {
        "valid": True,
        "initiation": "dynamic",
        "scheme": "vietqr",
        "bin": "970403",
        "account_number": "0011012345678",
        "service": "QRIBFTTA",
        "amount": 180000,
        "currency": "704",
        "country": "VN",
        "purpose": "thanh toan don hang",
        "bill": "NPS6869",
        "store": None,
        "reference": None,
        "terminal": None,
        "merchant_name": None,
        "city": None,
        "mcc": None,
        "warnings": [],
    }


def test_decode_of_a_broken_payload_tells_code_message_and_place(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["qr", "decode", PAYLOAD[:-1] + "F", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {
        "valid": False,
        "error": {
            "code": "bad_crc",
            "message": "the CRC is '2E2F', 2E2E is right",
            "offset": len(PAYLOAD) - 4,
        },
    }


def test_decode_for_people_prints_fields_and_the_banks_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["qr", "decode", PAYLOAD]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert (lines["bank"], lines["amount"], lines["schemes"]) == ("Sacombank", "180000", "VietQR")


def test_decode_for_people_refuses_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["qr", "decode", "hello"]) == 1
    assert capsys.readouterr() == ("", "error: not_emv: an EMV payload begins with 000201 (character 0)\n")


def test_decode_from_stdin_answers_every_line_with_a_document(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _feed(monkeypatch, f"{PAYLOAD}\r\n\n{PAYLOAD[:50]}\n".encode() + b"0002\xff\n")
    assert main(["qr", "decode", "-", "--json"]) == 1
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [document["valid"] for document in documents] == [True, False, False, False]
    assert [document["error"]["code"] for document in documents[1:]] == ["empty", "truncated", "bad_value"]


def test_decode_from_stdin_is_done_when_all_lines_are_valid(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _feed(monkeypatch, PAYLOAD.encode())
    assert main(["qr", "decode", "-", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["valid"] is True


@pytest.mark.parametrize("suffix", ["svg", "PNG", "pdf"])
def test_image_writes_the_kind_of_picture_the_name_ends_in(suffix: str, tmp_path: Path) -> None:
    output = tmp_path / f"code.{suffix}"
    assert main(["qr", "image", PAYLOAD, "-o", str(output), "--scale", "3", "--error", "Q"]) == 0
    begin = {"svg": b"<svg ", "PNG": b"\x89PNG", "pdf": b"%PDF-"}[suffix]
    assert output.read_bytes().startswith(begin)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([PAYLOAD[:-1] + "F", "-o", "code.svg"], 1),
        ([PAYLOAD, "-o", "missing/code.svg"], 1),
        ([PAYLOAD, "-o", "code.jpg"], 2),
        ([PAYLOAD, "-o", "code.svg", "--scale", "0"], 2),
        ([PAYLOAD, "-o", "code.svg", "--scale", "41"], 2),
        ([PAYLOAD, "-o", "code.svg", "--error", "X"], 2),
        ([PAYLOAD], 2),
    ],
)
def test_image_that_is_refused_leaves_no_file(
    arguments: list[str], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["qr", "image", *arguments]) == code
    assert list(tmp_path.iterdir()) == []


def test_image_with_a_name_is_a_card_for_a_screen(tmp_path: Path) -> None:
    output, art = tmp_path / "card.png", tmp_path / "art.png"
    Image.new("RGB", (90, 90), "red").save(art)
    options = ["--name", "Cô Tám", "--line", "Vietcombank", "--art", str(art)]
    assert main(["qr", "image", PAYLOAD, "-o", str(output), *options]) == 0
    with Image.open(output) as card:
        assert card.width == 1080


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["-o", "card.png", "--name", "Cô 🙂"], 1),
        (["-o", "card.svg", "--name", "Cô Tám"], 2),
        (["-o", "card.png", "--name", "Cô Tám", "--scale", "3"], 2),
        (["-o", "card.png", "--name", "Cô Tám", "--error", "H"], 2),
        (["-o", "card.png", "--line", "Vietcombank"], 2),
    ],
)
def test_a_card_that_cannot_be_drawn_leaves_no_file(
    arguments: list[str], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["qr", "image", PAYLOAD, *arguments]) == code
    assert list(tmp_path.iterdir()) == []


def test_banks_lists_every_bin(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["qr", "banks", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 72


def test_bank_tells_all_that_a_name_may_mean(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["qr", "bank", "bvb", "--json"]) == 0
    assert [row["bin"] for row in json.loads(capsys.readouterr().out)] == ["970454", "970438"]


def test_bank_tells_receiving_and_scanning_apart(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["qr", "bank", "UOB"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:5] == ["970458", "UOB", "UnitedOverseas", "yes", "no"]


def test_bank_refuses_an_unknown_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["qr", "bank", "nobody"]) == 1
    assert capsys.readouterr().err.startswith("error: bank: 'nobody' is no bank")


NEW_BANK = {
    "bin": "971999",
    "code": "NEW",
    "shortName": "NewBank",
    "name": "Ngân hàng Mới",
    "transferSupported": 1,
    "lookupSupported": 0,
    "swift_code": None,
}


@pytest.fixture
def own_bank_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copied = tmp_path / "banks.json"
    copied.write_bytes(banks.FILE.read_bytes())
    monkeypatch.setattr(banks, "FILE", copied)
    return copied


@pytest.mark.parametrize(("extra", "written"), [([], True), (["--dry-run"], False)])
def test_banks_takes_over_a_newer_list(
    extra: list[str], written: bool, own_bank_list: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "new.json").write_text(json.dumps({"data": [NEW_BANK]}), encoding="utf-8")
    assert main(["qr", "banks", "--refresh", str(tmp_path / "new.json"), "--date", "2026-11-01", *extra]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "added             1  971999"
    assert ("971999" in own_bank_list.read_text(encoding="utf-8")) == written


@pytest.mark.parametrize(
    ("content", "day", "code"),
    [("{", "2026-11-01", 1), ('{"data": [{}]}', "2026-11-01", 1), ("{}", "01/11/2026", 2)],
)
def test_banks_refuses_a_list_it_cannot_take_and_changes_nothing(
    content: str, day: str, code: int, own_bank_list: Path, tmp_path: Path
) -> None:
    before = own_bank_list.read_bytes()
    (tmp_path / "new.json").write_text(content, encoding="utf-8")
    assert main(["qr", "banks", "--refresh", str(tmp_path / "new.json"), "--date", day]) == code
    assert own_bank_list.read_bytes() == before


@pytest.mark.parametrize("arguments", [["--dry-run"], ["--date", "2026-11-01"], ["--refresh", __file__]])
def test_banks_called_wrongly_is_wrong_usage(arguments: list[str]) -> None:
    assert main(["qr", "banks", *arguments]) == 2


@pytest.fixture
def market_with_a_stall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHO_DATA", str(tmp_path / "data"))
    rows = tmp_path / "stalls.csv"
    head = "code,name,category,section,holder,phone,bank,account_number,account_name"
    rows.write_text(f"{head}\nA-01,Cô Tám,,,Nguyễn Thị Tám,,VCB,0011012345678,NGUYEN THI TAM\n", encoding="utf-8")
    assert main(["market", "add", "ben-song", "--name", "Chợ Bến Sông"]) == 0
    assert main(["stall", "import", str(rows), "--market", "ben-song"]) == 0
    return tmp_path


def test_read_tells_of_every_code_whose_it_is(market_with_a_stall: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = vietqr.encode(bin="970436", account="0011012345678", amount=20_000)
    with Image.open(io.BytesIO(pictures.png(own))) as left, Image.open(io.BytesIO(pictures.png(PAYLOAD))) as right:
        both = Image.new("1", (left.width + right.width, right.height), 1)
        both.paste(left, (0, 0))
        both.paste(right, (left.width, 0))
    both.save(market_with_a_stall / "photo.png")
    capsys.readouterr()
    assert main(["qr", "read", str(market_with_a_stall / "photo.png"), "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert first == {
        "payload": own,
        "valid": True,
        "stall": "A-01",
        "market": "ben-song",
        "trusted": True,
        "reason": "the account is the stall's; the code has no reference of ours",
    }
    assert (second["payload"], second["valid"], second["stall"], second["trusted"]) == (PAYLOAD, True, None, False)


def test_read_for_people_says_whom_to_trust(market_with_a_stall: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (market_with_a_stall / "photo.png").write_bytes(pictures.png(PAYLOAD))
    assert main(["qr", "read", str(market_with_a_stall / "photo.png")]) == 0
    assert "NOT TRUSTED, no stall: account 0011012345678 at Sacombank is no stall's" in capsys.readouterr().out


def test_read_refuses_what_is_no_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "photo.png").write_text("no picture")
    assert main(["qr", "read", str(tmp_path / "photo.png"), "--json"]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "is no picture" in err


@pytest.mark.parametrize("arguments", [["encode", *ACCOUNT, "--purpose", "cá"], ["decode", PAYLOAD, "--json"]])
def test_the_codec_starts_without_database_web_or_picture_libraries(arguments: list[str]) -> None:
    program = (
        "import sys; from market.cli import main; code = main(['qr', *sys.argv[1:]]);"
        f"print([name for name in {HEAVY} if name in sys.modules]); sys.exit(code)"
    )
    root = Path(__file__).parents[2]
    ran = subprocess.run([sys.executable, "-c", program, *arguments], cwd=root, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout.splitlines()[-1]) == (0, "[]")
