// Lines along the middle axis of x [outer, len, inner]: item i is the line (i / inner, i % inner).
#include "common/kernel.glsl"
#include "common/numbers.glsl"

// What a kernel needs beside these, it puts behind them.
#ifndef LINE_PARAMS
#define LINE_PARAMS int dim;
#endif
TENKA_PARAMS(int outer; int len; int inner; LINE_PARAMS);

// The first element of line i; the next ones follow p.inner apart.
uint line_begin(uint i)
{
    uint outer = i;
    const uint inner = digit(outer, p.inner);
    return outer * p.len * p.inner + inner;
}
#define FOR_LINE(at, i) \
    for (uint at = line_begin(i), at##_end = at + p.len * p.inner; at < at##_end; at += p.inner)
