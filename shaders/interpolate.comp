#version 450
// y at row i and column j is x at row i * SCALAR(0) and column j * SCALAR(1): the nearest element, or between the two
// neighbours along each axis, as p.mode says: enum tenka_between of src/op/params.h. Planes [h, w] and [oh, ow].
//   TENKA_PASS_fwd  0: x in   1: y out   2: slot
//   TENKA_PASS_dx   0: dy in   1: dx out   2: slot: each element gathers from those of y that it is part of
#include "common/kernel.glsl"

#define NEAREST 0
#define NEAREST_EXACT 1
#define LINEAR 2
#define CORNERS 3

TENKA_PARAMS(int nc; int h; int w; int oh; int ow; int mode;);
SCALARS(2);

// Where element i of y lies in x.
float position(int i, float scale)
{
    precise float at = float(i) * scale;
    if (p.mode == NEAREST_EXACT)
        at = (float(i) + 0.5) * scale;
    if (p.mode == LINEAR)
        at = max((float(i) + 0.5) * scale - 0.5, 0.0);
    return at;
}

// The element of x there, or before it.
int element(int i, int size, float scale)
{
    return min(int(floor(position(i, scale))), size - 1);
}

// The share of the next one.
float next_share(int i, int k, float scale)
{
    return p.mode < LINEAR ? 0.0 : clamp(position(i, scale) - float(k), 0.0, 1.0);
}

#ifdef TENKA_PASS_fwd
READS(0, x);
WRITES(1, y);

void main()
{
    FOR_EACH(i) {
        uint rest = i;
        const int column = int(digit(rest, p.ow)), row = int(digit(rest, p.oh));
        const int left = element(column, p.w, SCALAR(1)), top = element(row, p.h, SCALAR(0));
        const uint plane = rest * p.h * p.w, upper = plane + top * p.w, lower = plane + min(top + 1, p.h - 1) * p.w;
        if (p.mode < LINEAR) {
            STORE(y, i, LOAD(x, upper + left));
        } else {
            const int right = min(left + 1, p.w - 1);
            const float across = next_share(column, left, SCALAR(1)), down = next_share(row, top, SCALAR(0));
            const float above = (1.0 - across) * LOAD(x, upper + left) + across * LOAD(x, upper + right);
            const float below = (1.0 - across) * LOAD(x, lower + left) + across * LOAD(x, lower + right);
            STORE(y, i, (1.0 - down) * above + down * below);
        }
    }
}
#endif

#ifdef TENKA_PASS_dx
READS(0, dy);
WRITES(1, dx);

// The first element of y whose element of x is k or later; count where there is none. The quotient, which may be off, is
// where the search begins.
int first(int k, int size, int count, float scale)
{
    if (k <= 0)
        return 0;
    if (k >= size)
        return count;
    const float guess = p.mode == LINEAR ? (float(k) + 0.5) / scale - 0.5 : float(k) / scale;
    int i = scale > 0.0 ? int(clamp(guess, 0.0, float(count))) : count;
    while (i > 0 && element(i - 1, size, scale) >= k)
        i--;
    while (i < count && element(i, size, scale) < k)
        i++;
    return i;
}

// First and one past the last of those of y that have a share of element k.
ivec2 sharers(int k, int size, int count, float scale)
{
    return ivec2(first(p.mode < LINEAR ? k : k - 1, size, count, scale), first(k + 1, size, count, scale));
}

// The share that element i of y has of element k.
float share(int i, int k, int size, float scale)
{
    const int before = element(i, size, scale);
    const float next = next_share(i, before, scale);
    return (before == k ? 1.0 - next : 0.0) + (min(before + 1, size - 1) == k ? next : 0.0);
}

void main()
{
    FOR_EACH(i) {
        uint rest = i;
        const int column = int(digit(rest, p.w)), row = int(digit(rest, p.h));
        const uint plane = rest * p.oh * p.ow;
        const ivec2 rows = sharers(row, p.h, p.oh, SCALAR(0)), columns = sharers(column, p.w, p.ow, SCALAR(1));
        float total = 0.0;
        for (int oy = rows.x; oy < rows.y; oy++) {
            float sum = 0.0;
            for (int ox = columns.x; ox < columns.y; ox++)
                sum += share(ox, column, p.w, SCALAR(1)) * LOAD(dy, plane + oy * p.ow + ox);
            total += share(oy, row, p.h, SCALAR(0)) * sum;
        }
        STORE(dx, i, total);
    }
}
#endif
