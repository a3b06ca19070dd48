// Max pooling of planes [h, w]; after common/kernel.glsl.
//   fwd  0: x in, read through PROLOGUE   1: y out   2: index out (int: row * w + column of the winner in its plane)
//   dx   index, dx and GRADIENT(at), what the winner of window `at` gets: declared by who includes this
TENKA_PARAMS(int nc; int h; int w; int oh; int ow; int kh; int kw; int sh; int sw; int ph; int pw; int dh; int dw;
             int ceil_mode; int adaptive;);
#include "common/windows.glsl"

ivec2 window_rows(int oy)
{
    return window(oy, p.h, p.oh, (p.kh - 1) * p.dh + 1, p.sh, p.ph);
}

ivec2 window_columns(int ox)
{
    return window(ox, p.w, p.ow, (p.kw - 1) * p.dw + 1, p.sw, p.pw);
}

#ifdef TENKA_PASS_fwd
READS(0, x);
WRITES(1, y);
WRITES_AS(int, 2, index);

float best;
int winner;

// winner < 0: a window of -infinity alone has a winner too. After a NaN only another NaN wins, as in PyTorch; a
// comparison with it might be compiled as true.
void challenge(float value, int at)
{
    if (is_nan(value) || winner < 0 || (value > best && !is_nan(best))) {
        best = value;
        winner = at;
    }
}

void look_at_once(uint plane, int ox, int oy)
{
    const ivec2 begin = ivec2(ox * SW - p.pw, oy * SH - p.ph), last = ivec2(p.w, p.h) - 1;
    float seen[TAPS];
    FOR_ALL(t, TAPS) {
        const ivec2 place = clamp(begin + ivec2(t % KW * DW, t / KW * DH), ivec2(0), last);
        seen[t] = PROLOGUE(LOAD(x, plane + place.y * p.w + place.x));
    }
    FOR_ALL(t, TAPS) {
        const ivec2 place = begin + ivec2(t % KW * DW, t / KW * DH);
        if (place == clamp(place, ivec2(0), last))
            challenge(seen[t], place.y * p.w + place.x);
    }
}

void look_in_turn(uint plane, int ox, int oy)
{
    const ivec2 columns = window_columns(ox), rows = window_rows(oy);
    for (int row = rows.x; row < rows.y; row += p.dh)
        for (int column = columns.x; column < columns.y; column += p.dw)
            if (row >= 0 && row < p.h && column >= 0 && column < p.w)
                challenge(PROLOGUE(LOAD(x, plane + row * p.w + column)), row * p.w + column);
}

void main()
{
    FOR_EACH(i) {
        uint rest = i;
        const int ox = int(digit(rest, p.ow)), oy = int(digit(rest, p.oh));
        const uint plane = rest * p.h * p.w;
        best = uintBitsToFloat(0xff800000u); // -infinity
        winner = -1;
        if (SMALL)
            look_at_once(plane, ox, oy);
        else
            look_in_turn(plane, ox, oy);
        STORE(y, i, best);
        index[i] = winner;
    }
}
#endif

#ifdef TENKA_PASS_dx
float gather_at_once(uint plane, int column, int row)
{
    const ivec2 across = windows(column, p.w, p.ow, (KW - 1) * DW + 1, SW, p.pw);
    const ivec2 down = windows(row, p.h, p.oh, (KH - 1) * DH + 1, SH, p.ph);
    float total = 0.0, sent[OVER];
    int won[OVER];
    FOR_ALL(t, OVER) {
        const int ox = across.x + t % OVER_W, oy = down.x + t / OVER_W;
        const uint at = plane + min(oy, p.oh - 1) * p.ow + min(ox, p.ow - 1);
        const int winner = index[at];
        won[t] = ox < across.y && oy < down.y ? winner : -1;
        sent[t] = GRADIENT(at);
    }
    FOR_ALL(t, OVER)
        total = won[t] == row * p.w + column ? total + sent[t] : total;
    return total;
}

float gather_in_turn(uint plane, int column, int row)
{
    const ivec2 rows = windows(row, p.h, p.oh, (p.kh - 1) * p.dh + 1, p.sh, p.ph);
    const ivec2 columns = windows(column, p.w, p.ow, (p.kw - 1) * p.dw + 1, p.sw, p.pw);
    float total = 0.0;
    for (int oy = rows.x; oy < rows.y; oy++) {
        for (int ox = columns.x; ox < columns.y; ox++) {
            const uint at = plane + oy * p.ow + ox;
            if (index[at] == row * p.w + column)
                total += GRADIENT(at);
        }
    }
    return total;
}

void main()
{
    FOR_EACH(i) {
        uint rest = i;
        const int column = int(digit(rest, p.w)), row = int(digit(rest, p.h));
        const uint plane = rest * p.oh * p.ow;
        STORE(dx, i, SMALL ? gather_at_once(plane, column, row) : gather_in_turn(plane, column, row));
    }
}
#endif
