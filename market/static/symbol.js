// The QR symbol of a text of ASCII characters, not of figures alone, by ISO/IEC 18004:2015: rows of modules from the top,
// 1 for dark, no quiet zone. Level M and mask 0, as qr/image.py draws a till's codes; up to 560 characters.
"use strict";
const symbol = (() => {
  const ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
  // Table 9, level M, versions 1 to 18: error correction codewords of a block, and blocks.
  const CHECKS = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26];
  const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13];
  // Annex C: level M and mask 0 are five zero bits, so that of their BCH code only its mask is left.
  const FORMAT = 0b101010000010010;
  const FREE = -1;

  // Clause 7.5 and annex A: the field of 256 elements by x⁸ + x⁴ + x³ + x² + 1.
  const POWERS = [];
  const LOGS = [];
  for (let exponent = 0, value = 1; exponent < 255; exponent++) {
    POWERS[exponent] = value;
    LOGS[value] = exponent;
    value = (value << 1) ^ (value & 128 ? 0x11d : 0);
  }
  const times = (a, b) => (a && b ? POWERS[(LOGS[a] + LOGS[b]) % 255] : 0);

  function generator(degree) {
    let terms = [1];
    for (let root = 0; root < degree; root++)
      terms = [...terms, 0].map((term, place) => term ^ times(terms[place - 1] ?? 0, POWERS[root]));
    return terms.slice(1);
  }

  function checks(data, terms) {
    const rest = new Array(terms.length).fill(0);
    for (const codeword of data) {
      const factor = codeword ^ rest.shift();
      rest.push(0);
      terms.forEach((term, place) => (rest[place] ^= times(term, factor)));
    }
    return rest;
  }

  // Clause 6.3 and annex E: everything in a symbol of this version that is no data.
  function frame(version) {
    const side = 17 + 4 * version;
    const grid = Array.from({ length: side }, () => new Int8Array(side).fill(FREE));
    const rings = (row, column, reach, light) => {
      for (let y = -reach; y <= reach; y++)
        for (let x = -reach; x <= reach; x++)
          if (grid[row + y]?.[column + x] !== undefined)
            grid[row + y][column + x] = light.includes(Math.max(Math.abs(y), Math.abs(x))) ? 0 : 1;
    };
    for (const [row, column] of [[3, 3], [3, side - 4], [side - 4, 3]]) rings(row, column, 4, [2, 4]);
    const gaps = version > 1 ? Math.floor(version / 7) + 1 : 0;
    const step = 2 * Math.ceil((side - 13) / gaps / 2);
    const centres = Array.from({ length: gaps }, (_, place) => side - 7 - place * step).concat(6);
    for (const row of centres)
      for (const column of centres) if (gaps && grid[row][column] === FREE) rings(row, column, 2, [1]);
    for (let place = 8; place < side - 8; place++) grid[6][place] = grid[place][6] = 1 - (place % 2);
    for (let bit = 0; bit < 15; bit++) {
      const dark = (FORMAT >> bit) & 1;
      const near = bit < 6 ? bit : bit < 8 ? bit + 1 : 14 - bit;
      if (bit < 8) grid[near][8] = grid[8][side - 1 - bit] = dark;
      else grid[8][bit === 8 ? 7 : near] = grid[side - 15 + bit][8] = dark;
    }
    grid[side - 8][8] = 1;
    if (version > 6) {
      // Annex D: the version and its BCH code.
      let rest = version << 12;
      for (let bit = 17; bit > 11; bit--) if ((rest >> bit) & 1) rest ^= 0x1f25 << (bit - 12);
      const information = (version << 12) | rest;
      for (let bit = 0; bit < 18; bit++) {
        const [long, short] = [Math.floor(bit / 3), side - 11 + (bit % 3)];
        grid[long][short] = grid[short][long] = (information >> bit) & 1;
      }
    }
    return grid;
  }

  // Clause 7.4: the text as bits, in pairs of characters where all of them have a place in the table, else in bytes.
  function bits(text, version) {
    const found = [];
    const put = (value, length) => {
      while (length--) found.push((value >> length) & 1);
    };
    const values = [...text].map((character) => ALPHANUMERIC.indexOf(character));
    if (values.includes(-1)) {
      put(4, 4);
      put(text.length, version < 10 ? 8 : 16);
      for (const character of text) put(character.charCodeAt(0), 8);
    } else {
      put(2, 4);
      put(text.length, version < 10 ? 9 : 11);
      for (let place = 0; place < values.length; place += 2)
        if (place + 1 < values.length) put(values[place] * 45 + values[place + 1], 11);
        else put(values[place], 6);
    }
    return found;
  }

  // Clauses 7.4.9 and 7.4.10: a terminator, zeros up to a whole codeword, the two pads in turn. segno adds a codeword of
  // zeros where the terminator ends one, and both are to draw the same.
  function padded(found, size) {
    const short = Math.min(4, size * 8 - found.length);
    for (let place = 0; place < short; place++) found.push(0);
    do found.push(0);
    while (found.length % 8);
    const data = [];
    for (let place = 0; place < found.length; place += 8) data.push(parseInt(found.slice(place, place + 8).join(""), 2));
    for (let pad = 0xec; data.length < size; pad ^= 0xec ^ 0x11) data.push(pad);
    return data.slice(0, size);
  }

  // Clause 7.6: the first codeword of each block, the second of each, and so on; then their checks in the same way.
  function interleaved(data, count, terms) {
    const short = Math.floor(data.length / count);
    const longer = count - (data.length % count);
    const blocks = [];
    for (let block = 0, from = 0; block < count; block++) {
      const length = short + (block >= longer ? 1 : 0);
      blocks.push(data.slice(from, (from += length)));
    }
    const every = (parts, most) =>
      Array.from({ length: most }, (_, place) => parts.map((part) => part[place])).flat().filter((one) => one !== undefined);
    return [...every(blocks, short + 1), ...every(blocks.map((block) => checks(block, terms)), terms.length)];
  }

  // Clause 7.7.3: two columns at a time, from the right, up and down in turn; mask 0 turns every other module.
  function place(grid, codewords) {
    const side = grid.length;
    let bit = 0;
    let up = true;
    for (let right = side - 1; right > 0; right -= 2, up = !up) {
      if (right === 6) right = 5;
      for (let along = 0; along < side; along++) {
        const row = up ? side - 1 - along : along;
        for (const column of [right, right - 1]) {
          if (grid[row][column] !== FREE) continue;
          const dark = (codewords[bit >> 3] >> (7 - (bit & 7))) & 1;
          grid[row][column] = dark ^ ((row + column) % 2 ? 0 : 1);
          bit++;
        }
      }
    }
    return grid;
  }

  return (text) => {
    for (let version = 1; version <= CHECKS.length; version++) {
      const grid = frame(version);
      const free = grid.reduce((sum, row) => sum + row.filter((module) => module === FREE).length, 0);
      const [each, count] = [CHECKS[version - 1], BLOCKS[version - 1]];
      const size = (free >> 3) - each * count;
      const found = bits(text, version);
      if (found.length <= size * 8) return place(grid, interleaved(padded(found, size), count, generator(each)));
    }
    throw new RangeError(`no symbol holds ${text.length} characters`);
  };
})();
