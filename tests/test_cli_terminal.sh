#!/bin/sh
# test_cli_terminal.sh TENKA: on terminals of many widths no line of progress wraps, and help is as wide as the
# terminal; and the progress of verify counts cases. Returns 77 (skipped) without Python 3.
set -u
tenka=$1
python=$(command -v python3) || { echo "skipped: it needs python3"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
. "$(dirname "$0")/cli.sh"

# terminal COLUMNS ARG...: runs the command on a terminal; what it wrote there is in $work/err.
terminal() {
    LC_ALL=C.UTF-8 "$python" - "$work/err" "$tenka" "$@" <<'PYTHON'
import fcntl, os, pty, struct, sys, termios
out, tenka, columns, arguments = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:]
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    os.execv(tenka, [tenka] + arguments)
with open(out, "wb") as file:
    while True:
        try:
            data = os.read(terminal, 4096)
        except OSError: # the other end is closed
            break
        if not data:
            break
        file.write(data)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
PYTHON
}

# narrow COLUMNS PATTERN: all that stood on the terminal was less wide, but for words alone on a line, and PATTERN was
# among it.
narrow() {
    "$python" - "$work/err" "$1" "$2" <<'PYTHON' || bad "at $1 columns"
import re, sys, unicodedata
text = open(sys.argv[1], "rb").read().decode().replace("\033[K", "")
lines = [line for line in re.split("[\r\n]+", text) if line]
width = lambda line: sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)
wide = [line for line in lines if width(line) >= int(sys.argv[2]) and " " in line.strip()]
for line in wide:
    print("too wide:", line)
found = any(re.search(sys.argv[3], line) for line in lines)
if not found:
    print("nothing is like", sys.argv[3])
sys.exit(bool(wide) or not found)
PYTHON
}

# data NAME COUNT: black images.
data() {
    { be32 2051; be32 "$2"; be32 28; be32 28; head -c $(($2 * 784)) /dev/zero; } > "$work/$1-images-idx3-ubyte"
    labels "$2" > "$work/$1-labels-idx1-ubyte"
}

data train 3000
data t10k 100
for columns in 20 30 40 60 66 80 132; do
    terminal $columns train --backend cpu --epochs 1 --batch-size 2 --data "$work" || bad "status at $columns"
    # Beside lines of progress there are sentences, of which a terminal makes as many lines as it likes.
    tr '\r' '\n' < "$work/err" | grep -a '^\(epoch 1/1\|test\) *[0-9]*%' > "$work/lines"
    mv "$work/lines" "$work/err"
    narrow $columns '^epoch 1/1 +[0-9]+%' && echo "ok: $columns columns: $(tail -n 1 "$work/err")"
done

# Cases of all operators, counted to the last of them.
terminal 60 verify --backend cpu --op add || bad "status of verify"
tr '\r' '\n' < "$work/err" | grep -a '^[0-9,]* of [0-9,]* cases: ' > "$work/lines"
mv "$work/lines" "$work/err"
narrow 60 '^0 of [0-9,]+ cases: add_fwd, case 0 ' && echo "ok: $(tail -n 1 "$work/err")"
sort -n -u -k 1,1 "$work/err" |
    awk '{ last = $1; total = $3 } END { exit !(NR > 5 && last < total && last >= total - 5) }' ||
    bad "verify does not count to the last case"

for columns in 40 60 80 100; do
    for command in train predict verify; do
        terminal $columns $command --help || bad "status of $command --help"
        narrow $columns '^  -h, --help' && echo "ok: $command --help at $columns columns"
    done
done
terminal 100 train --help
awk 'length > 85 { wide = 1 } END { exit !wide }' "$work/err" || bad "help takes no more than 80 columns of 100"

verdict
