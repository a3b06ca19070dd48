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

float sum_at_once(uint plane, int ox, int oy)
{
    const ivec2 begin = ivec2(ox * SW - p.pw, oy * SH - p.ph), last = ivec2(p.w, p.h) - 1;
    float total = 0.0, seen[TAPS];
    FOR_ALL(t, TAPS) {
        const ivec2 place = clamp(begin + ivec2(t % KW, t / KW), ivec2(0), last);
        seen[t] = LOAD(x, plane + place.y * p.w + place.x);
    }
    FOR_ALL(t, TAPS) {
        const ivec2 place = begin + ivec2(t % KW, t / KW);
        total = place == clamp(place, ivec2(0), last) ? total + seen[t] : total;
    }
    return total;
}

float sum_in_turn(uint plane, ivec2 rows, ivec2 columns)
{
    float total = 0.0;
    for (int row = max(rows.x, 0); row < min(rows.y, p.h); row++)
        for (int column = max(columns.x, 0); column < min(columns.y, p.w); column++)
            total += LOAD(x, plane + row * p.w + column);
    return total;
}

void main()
{
    FOR_EACH(i) {
        uint rest = i;
        const int ox = int(digit(rest, p.ow)), oy = int(digit(rest, p.oh));
        const uint plane = rest * p.h * p.w;
        const ivec2 rows = window(oy, p.h, p.oh, p.kh, p.sh, p.ph), columns = window(ox, p.w, p.ow, p.kw, p.sw, p.pw);
        const float total = SMALL ? sum_at_once(plane, ox, oy) : sum_in_turn(plane, rows, columns);
        STORE(y, i, total / divisor(rows, columns));
    }
}
#endif

#ifdef TENKA_PASS_dx
READS(0, dy);
WRITES(1, dx);

// What window (ox, oy) gives to each of its places.
float share(float d, int ox, int oy)
{
    return d / divisor(window(oy, p.h, p.oh, p.kh, p.sh, p.ph), window(ox, p.w, p.ow, p.kw, p.sw, p.pw));
}

float gather_at_once(uint plane, int column, int row)
{
    const ivec2 across = windows(column, p.w, p.ow, KW, SW, p.pw), down = windows(row, p.h, p.oh, KH, SH, p.ph);
    float total = 0.0, d[OVER];
    FOR_ALL(t, OVER)
        d[t] = LOAD(dy, plane + min(down.x + t / OVER_W, p.oh - 1) * p.ow + min(across.x + t % OVER_W, p.ow - 1));
    FOR_ALL(t, OVER) {
        const int ox = across.x + t % OVER_W, oy = down.x + t / OVER_W;
        total = ox < across.y && oy < down.y ? total + share(d[t], ox, oy) : total;
    }
    return total;
}

float gather_in_turn(uint plane, int column, int row)
{
    const ivec2 across = windows(column, p.w, p.ow, p.kw, p.sw, p.pw);
    const ivec2 down = windows(row, p.h, p.oh, p.kh, p.sh, p.ph);
    float total = 0.0;
    for (int oy = down.x; oy < down.y; oy++)
        for (int ox = across.x; ox < across.y; ox++)
            total += share(LOAD(dy, plane + oy * p.ow + ox), ox, oy);
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
