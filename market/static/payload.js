// The VietQR payload of an account with an amount in đồng, byte for byte as qr/vietqr.py writes it (its sources stand there).
"use strict";
const payload = (() => {
  const GUID = "A000000727";
  const MOST = 499_999_999;

  // A data object of EMV: its number, its length in characters, its value.
  const object = (id, value) => id + String(value.length).padStart(2, "0") + value;

  // CRC-16/CCITT-FALSE, as EMV has it in 63.
  function crc(text) {
    let rest = 0xffff;
    for (const character of text) {
      rest ^= character.charCodeAt(0) << 8;
      for (let bit = 0; bit < 8; bit++) rest = ((rest << 1) ^ (rest & 0x8000 ? 0x1021 : 0)) & 0xffff;
    }
    return rest.toString(16).toUpperCase().padStart(4, "0");
  }

  // Without an amount the code is static, with one dynamic. `bin`, `account` and `purpose` are the server's, checked there.
  return ({ bin, account, purpose, amount }) => {
    if (amount !== undefined && !(Number.isInteger(amount) && amount > 0 && amount <= MOST)) throw new RangeError(amount);
    const holder = object("00", GUID) + object("01", object("00", bin) + object("01", account)) + object("02", "QRIBFTTA");
    const text =
      object("00", "01") +
      object("01", amount === undefined ? "11" : "12") +
      object("38", holder) +
      object("53", "704") +
      (amount === undefined ? "" : object("54", String(amount))) +
      object("58", "VN") +
      object("62", object("08", purpose)) +
      "6304";
    return text + crc(text);
  };
})();
