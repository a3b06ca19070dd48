#version 450
// y[c, oy, ox] = the sum of x over a window of rows and columns, padding taken as 0, divided by p.divisor or by how many
// places the window has, of which those in the padding count unless p.uncounted. x: p.nc planes of [h, w].
//   TENKA_PASS_fwd  0: x in   1: y out
//   TENKA_PASS_dx   0: dy in   1: dx out: each element gathers from the windows that reach over it
#include "common/kernel.glsl"

TENKA_PARAMS(int nc; int h; int w; int oh; int ow; int kh; int kw; int sh; int sw; int ph; int pw; int ceil_mode;
             int adaptive; int uncounted; int divisor;);
#include "common/windows.glsl"

// How many places of a window count.
int counted(ivec2 places, int size, int pad)
{
    return min(places.y, p.uncounted != 0 ? size : size + pad) - (p.uncounted != 0 ? max(places.x, 0) : places.x);
}

// What the sum of a window is divided by.
float divisor(ivec2 rows, ivec2 columns)
{
    return float(p.divisor != 0 ? p.divisor : counted(rows, p.h, p.ph) * counted(columns, p.w, p.pw));
}

#ifdef TENKA_PASS_fwd
READS(0, x);
WRITES(1, y);

void main()
{
    FOR_EACH(i) {
        uint rest = i;
        const int ox = int(digit(rest, p.ow)), oy = int(digit(rest, p.oh));
        const uint plane = rest * p.h * p.w;
        const ivec2 rows = window(oy, p.h, p.oh, p.kh, p.sh, p.ph), columns = window(ox, p.w, p.ow, p.kw, p.sw, p.pw);
        float total = 0.0;
        for (int row = max(rows.x, 0); row < min(rows.y, p.h); row++) {
            for (int column = max(columns.x, 0); column < min(columns.y, p.w); column++)
                total += LOAD(x, plane + row * p.w + column);
        }
        STORE(y, i, total / divisor(rows, columns));
    }
}
#endif

#ifdef TENKA_PASS_dx
READS(0, dy);
WRITES(1, dx);

void main()
{
    FOR_EACH(i) {
        uint rest = i;
        const int column = int(digit(rest, p.w)), row = int(digit(rest, p.h));
        const uint plane = rest * p.oh * p.ow;
        const ivec2 down = windows(row, p.h, p.oh, p.kh, p.sh, p.ph);
        const ivec2 across = windows(column, p.w, p.ow, p.kw, p.sw, p.pw);
        float total = 0.0;
        for (int oy = down.x; oy < down.y; oy++) {
            const ivec2 rows = window(oy, p.h, p.oh, p.kh, p.sh, p.ph);
            for (int ox = across.x; ox < across.y; ox++) {
                const ivec2 columns = window(ox, p.w, p.ow, p.kw, p.sw, p.pw);
                total += LOAD(dy, plane + oy * p.ow + ox) / divisor(rows, columns);
            }
        }
        STORE(dx, i, total);
    }
}
#endif
