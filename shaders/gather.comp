#version 450
// y[i, :] = x[index[offset + i], :] for i < p.rows; zeros where the index is no row. Scalars: offset (u).
// x may be bound in pieces: only rows piece_first .. piece_first + piece_rows - 1 are there, the first of them at 0.
// The first piece (piece_first 0) writes all of y; later ones change only what comes from them.
//   TENKA_PASS_fwd  0: x in   1: index in (int)   2: y out (and in, for later pieces)   3: slot
//   TENKA_PASS_dx   0: index in (int)   1: dy in   2: dx[r, :] = sum of dy[i, :] where index[offset + i] == r   3: slot
// fwd is exact and moves 32-bit words, each holding one element or, when p.u8, four bytes. dx adds in the order of i, for
// which it goes through the index: of the rows piece_first .. piece_first + piece_rows - 1 of dy, since there is an end to
// how long an invocation may loop; the first of these turns begins with zeros.
#include "common/kernel.glsl"

TENKA_PARAMS(int rows; int row; int src_rows; int u8; int piece_first; int piece_rows;);
SCALARS(3);

#ifdef TENKA_PASS_fwd
READS_AS(uint, 0, x);
READS_AS(int, 1, index);
layout(set = 0, binding = 2) buffer y_buffer { uint y[]; };

// The row of this piece that row i of y comes from, or -1.
int source(uint i)
{
    const int at = index[SCALAR_U(0) + i] - p.piece_first;
    return at >= 0 && at < p.piece_rows && at + p.piece_first < p.src_rows ? at : -1;
}

// Rows of whole words, or elements: one source for the word.
void move_word(uint i, uint row_words)
{
    uint line = i;
    const uint column = digit(line, row_words);
    const int from = source(line);
    if (from >= 0)
        y[i] = x[from * row_words + column];
    else if (p.piece_first == 0)
        y[i] = 0u;
}

void move_bytes(uint word)
{
    const uint count = p.rows * p.row;
    uint result = p.piece_first == 0 ? 0u : y[word];
    for (uint i = 4u * word; i < min(4u * word + 4u, count); i++) {
        uint line = i;
        const uint column = digit(line, p.row);
        const int from = source(line);
        if (from < 0)
            continue;
        const uint at = from * p.row + column;
        result = bitfieldInsert(result, unpack_byte(x[at / 4u], at), int(8u * (i & 3u)), 8);
    }
    y[word] = result;
}

void main()
{
    FOR_EACH(i) {
        if (p.u8 == 0)
            move_word(i, p.row);
        else if (p.row % 4 == 0)
            move_word(i, p.row / 4);
        else
            move_bytes(i);
    }
}
#endif

#ifdef TENKA_PASS_dx
READS_AS(int, 0, index);
READS(1, dy);
layout(set = 0, binding = 2) buffer dx_buffer { STORAGE dx[]; };
shared uint found[gl_WorkGroupSize.x];

// A bit for each of the 32 rows of dy from first on: whether it belongs to a row of the part, and comes before end.
uint find(uint first, uint end, uint part, uint parts)
{
    uint bits = 0u;
    for (uint k = 0u; k < 32u; k++) {
        const uint row = index[SCALAR_U(0) + min(first + k, end - 1u)];
        if (first + k < end && row < p.src_rows && (row & (parts - 1u)) == part)
            bits |= 1u << k;
    }
    return bits;
}

// A workgroup has every parts-th row of dx, and of these some columns: an invocation adds up one.
void main()
{
    const uint blocks = (p.row + gl_WorkGroupSize.x - 1u) / gl_WorkGroupSize.x, parts = p.items / blocks;
    const uint me = gl_LocalInvocationID.x, end = p.piece_first + p.piece_rows;
    FOR_EACH_GROUP(g) {
        uint part = g;
        const uint column = digit(part, blocks) * gl_WorkGroupSize.x + me;
        const bool works = column < p.row;
        for (uint row = part; row < p.src_rows && works && p.piece_first == 0; row += parts)
            STORE(dx, row * p.row + column, 0.0);
        for (uint begin = p.piece_first; begin < end; begin += 32u * gl_WorkGroupSize.x) {
            barrier();
            found[me] = find(begin + 32u * me, end, part, parts);
            barrier();
            for (uint word = 0u; word < gl_WorkGroupSize.x && works; word++) {
                for (uint bits = found[word]; bits != 0u; bits &= bits - 1u) {
                    const uint i = begin + 32u * word + findLSB(bits);
                    const uint at = index[SCALAR_U(0) + i] * p.row + column;
                    STORE(dx, at, LOAD(dx, at) + LOAD(dy, i * p.row + column));
                }
            }
        }
    }
}
#endif
