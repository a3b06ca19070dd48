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

void main()
{
    FOR_EACH(i) {
        uint rest = i;
        const ivec2 columns = window_columns(int(digit(rest, p.ow))), rows = window_rows(int(digit(rest, p.oh)));
        const uint plane = rest * p.h * p.w;
        float best = uintBitsToFloat(0xff800000u); // -infinity
        int winner = -1;
        for (int row = rows.x; row < rows.y; row += p.dh) {
            for (int column = columns.x; column < columns.y; column += p.dw) {
                if (row < 0 || row >= p.h || column < 0 || column >= p.w)
                    continue;
                const int at = row * p.w + column;
                const float value = PROLOGUE(LOAD(x, plane + at));
                // winner < 0: a window of -infinity alone has a winner too. After a NaN only another NaN wins, as in
                // PyTorch; a comparison with it might be compiled as true.
                if (is_nan(value) || winner < 0 || (value > best && !is_nan(best))) {
                    best = value;
                    winner = at;
                }
            }
        }
        STORE(y, i, best);
        index[i] = winner;
    }
}
#endif

#ifdef TENKA_PASS_dx
void main()
{
    FOR_EACH(i) {
        uint rest = i;
        const int column = int(digit(rest, p.w)), row = int(digit(rest, p.h));
        const uint plane = rest * p.oh * p.ow;
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
        STORE(dx, i, total);
    }
}
#endif
