#version 450
// y has p.before[k] elements more than x before axis k, and p.after[k] behind it; fewer where that is negative. What they
// are says p.mode: enum tenka_padding of src/op/params.h. Axes below p.first are as they are.
//   TENKA_PASS_fwd  0: x in   1: y out   2: slot (the constant)
//   TENKA_PASS_dx   0: dy in   1: dx out: each element gathers from the places that it has in y
// fwd is exact.
#include "common/kernel.glsl"

#define CONSTANT 0
#define REFLECT 1
#define REPLICATE 2
#define CIRCULAR 3

TENKA_PARAMS(int dim[6]; int before[6]; int after[6]; int mode; int first;);

int padded(int k)
{
    return p.dim[k] + p.before[k] + p.after[k];
}

#ifdef TENKA_PASS_fwd
READS(0, x);
WRITES(1, y);
SCALARS(2);

// Which element of axis k of x is at a place of y; -1: none.
int source(int k, int place)
{
    const int at = place - p.before[k], n = p.dim[k];
    if (at >= 0 && at < n)
        return at;
    if (p.mode == REFLECT)
        return at < 0 ? -at : 2 * (n - 1) - at;
    if (p.mode == REPLICATE)
        return at < 0 ? 0 : n - 1;
    if (p.mode == CIRCULAR)
        return at < 0 ? at + n : at - n;
    return -1;
}

void main()
{
    FOR_EACH(i) {
        uint rest = i, at = 0u, stride = 1u;
        bool inside = true;
        for (int k = 5; k >= p.first; k--) {
            const int from = source(k, int(digit(rest, padded(k))));
            inside = inside && from >= 0;
            at += uint(max(from, 0)) * stride;
            stride *= uint(p.dim[k]);
        }
        STORE(y, i, inside ? LOAD(x, at + rest * stride) : SCALAR(0));
    }
}
#endif

#ifdef TENKA_PASS_dx
READS(0, dy);
WRITES(1, dx);

// How many places element `at` of axis k of x may have in y.
int copies(int k, int at)
{
    if (p.mode != REPLICATE)
        return 3;
    return 1 + (at == 0 ? max(p.before[k], 0) : 0) + (at == p.dim[k] - 1 ? max(p.after[k], 0) : 0);
}

// One of them, or -1.
int copy(int k, int at, int number)
{
    const int n = p.dim[k];
    int place = at;
    if (p.mode == REPLICATE)
        place += number - (at == 0 ? max(p.before[k], 0) : 0);
    else if (p.mode == CIRCULAR)
        place += (number - 1) * n;
    else if (number == 0)
        place = at > 0 ? -at : -n - p.before[k];
    else if (number == 2)
        place = at < n - 1 ? 2 * (n - 1) - at : -n - p.before[k];
    place += p.before[k];
    return place < padded(k) ? place : -1;
}

void main()
{
    FOR_EACH(i) {
        uint rest = i;
        float total = 0.0;
        if (p.mode == CONSTANT) {
            uint at = 0u, stride = 1u;
            bool inside = true;
            for (int k = 5; k >= p.first; k--) {
                const int place = int(digit(rest, p.dim[k])) + p.before[k];
                inside = inside && place >= 0 && place < padded(k);
                at += uint(max(place, 0)) * stride;
                stride *= uint(padded(k));
            }
            total = inside ? LOAD(dy, at + rest * stride) : 0.0;
        } else {
            const int column = int(digit(rest, p.dim[5])), row = int(digit(rest, p.dim[4]));
            const int layer = int(digit(rest, p.dim[3]));
            for (int a = 0; a < copies(3, layer); a++) {
                const int z = copy(3, layer, a);
                for (int b = 0; b < copies(4, row) && z >= 0; b++) {
                    const int y = copy(4, row, b);
                    for (int c = 0; c < copies(5, column) && y >= 0; c++) {
                        const int x = copy(5, column, c);
                        if (x >= 0)
                            total += LOAD(dy, ((rest * padded(3) + z) * padded(4) + y) * padded(5) + x);
                    }
                }
            }
        }
        STORE(dx, i, total);
    }
}
#endif
