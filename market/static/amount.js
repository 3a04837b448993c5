// An amount as a page shows it and the voice says it: in figures, and in words as market/web/spoken.py says them.
"use strict";
const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ".");

const amountWords = (() => {
  const DIGITS = ["không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"];
  const STEPS = [[1e6, "triệu"], [1e3, "nghìn"], [1, ""]];

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
    return words;
  }

  return function words(amount) {
    if (!amount) return [DIGITS[0]];
    const above = Math.floor(amount / 1e9);
    const said = above ? [...words(above), "tỷ"] : [];
    for (const [size, name] of STEPS) {
      const number = Math.floor(amount / size) % 1000;
      if (number) said.push(...group(number, said.length > 0), name);
    }
    return said.filter(Boolean);
  };
})();

function words(amount) {
  const said = `${amountWords(amount).join(" ")} đồng`;
  return said[0].toUpperCase() + said.slice(1);
}
