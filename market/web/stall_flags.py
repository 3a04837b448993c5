"""What a stall should look at in a payment that was booked as it is: too little, too much, late, twice, elsewhere."""

from market.web.formats import money
from market.web.words import say
from merchants.incoming import Incoming


def flags(payment: Incoming) -> dict[str, bool]:
    """The flags by name, for a script."""
    names = ("small", "late", "again", "doubled", "former")
    return {name: bool(getattr(payment, name)) for name in names}


def flags_in_words(payment: Incoming) -> list[str]:
    """Each flag in the reader's language. What is wrong with the amount comes first."""
    said = []
    if payment.asked and payment.verdict == "short" and payment.rest_paid:
        said.append(say("Trả làm nhiều lần, đã đủ {asked}", asked=money(payment.asked)))
    elif payment.asked and payment.verdict == "short":
        lacking = money(payment.asked - payment.amount)
        said.append(say("Thiếu tiền: cần thu {asked}, thiếu {lacking}", asked=money(payment.asked), lacking=lacking))
    elif payment.small:
        said.append(say("Rất ít tiền"))
    elif payment.asked and payment.verdict == "over":
        over = money(payment.amount - payment.asked)
        said.append(say("Thừa tiền: cần thu {asked}, thừa {over}", asked=money(payment.asked), over=over))
    if payment.late:
        said.append(say("Mã đã hết hạn trước khi khách trả"))
    if payment.again:
        said.append(say("Mã này đã có người trả một lần trước đó"))
    if payment.doubled:
        said.append(say("Cùng người, cùng số tiền với lần chuyển ngay trước, có thể khách bấm hai lần"))
    if payment.former:
        said.append(say("Tiền vào tài khoản cũ của sạp"))
    return said
