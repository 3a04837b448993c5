#!/bin/sh
# Makes the phone's clips anew: docs/voice.sh [FOLDER]. Needs espeak-ng, sox and lame. See docs/voice.md.
set -eu
folder=${1:-market/static/voice}
made=$(mktemp -d)
trap 'rm -r "$made"' EXIT

clip() {
  espeak-ng -v vi -s 150 -p 45 -w "$made/said.wav" "$2"
  # Cut to the word, without the low hum that a phone cannot play, evenly loud, not clipped.
  sox -D "$made/said.wav" "$made/cut.wav" \
    gain -11 silence 1 0.005 0.2% fade t 0.004 reverse silence 1 0.005 0.2% fade t 0.012 reverse \
    highpass 120 compand 0.005,0.08 6:-60,-40,-14 -3 -90 0.01 gain -n -1.5
  lame --quiet -m m -b 56 --cbr --scale 1.35 --resample 22.05 -t "$made/cut.wav" "$folder/$1.mp3"
}

mkdir -p "$folder"
clip 0 "không"
clip 1 "một"
clip 2 "hai"
clip 3 "ba"
clip 4 "bốn"
clip 5 "năm"
clip 6 "sáu"
clip 7 "bảy"
clip 8 "tám"
clip 9 "chín"
clip 10 "mười"
clip muoi "mươi"
clip mot "mốt"
clip lam "lăm"
clip linh "linh"
clip tram "trăm"
clip nghin "nghìn"
clip trieu "triệu"
clip ty "tỷ"
clip dong "đồng"
clip da-nhan "đã nhận"
clip thieu-tien "thiếu tiền"
