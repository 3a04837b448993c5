// An amount as a page shows it: in figures, and in words as market/web/spoken.py says them.
"use strict";
const DIGITS = ["không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"];

const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ".");

function group(number, whole) {
  const [hundreds, tens, ones] = [Math.floor(number / 100), Math.floor(number / 10) % 10, number % 10];
  const words = [];
  if (hundreds || whole) words.push(DIGITS[hundreds], "trăm");
  if (tens === 1) words.push("mười");
  else if (tens) words.push(DIGITS[tens], "mươi");
  else if (ones && words.length) words.push("linh");
  if (ones === 1 && tens > 1) words.push("mốt");
  else if (ones === 5 && tens) words.push("lăm");
  else if (ones) words.push(DIGITS[ones]);
  return words.join(" ");
}

function words(amount) {
  const parts = [];
  for (const [size, name] of [[1e9, " tỷ"], [1e6, " triệu"], [1e3, " nghìn"], [1, ""]]) {
    const number = Math.floor(amount / size) % 1000;
    if (number) parts.push(group(number, parts.length > 0) + name);
  }
  const said = parts.join(" ") + " đồng";
  return said[0].toUpperCase() + said.slice(1);
}
