#version 450
// y[i, :] = x[index[offset + i], :] for i < p.rows; zeros where the index is no row. Scalars: offset (u).
// x may be bound in pieces: only rows piece_first .. piece_first + piece_rows - 1 are there, the first of them at 0.
// The first piece (piece_first 0) writes all of y; later ones change only what comes from them.
//   TENKA_PASS_fwd  0: x in   1: index in (int)   2: y out (and in, for later pieces)   3: slot
//   TENKA_PASS_dx   0: index in (int)   1: dy in   2: dx[r, :] = sum of dy[i, :] where index[offset + i] == r   3: slot
// fwd is exact and moves 32-bit words, each holding one element or, when p.u8, four bytes. dx adds in the order of i.
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
WRITES(2, dx);

void main()
{
    const uint offset = SCALAR_U(0);
    FOR_EACH(i) {
        uint line = i;
        const uint column = digit(line, p.row);
        float total = 0.0;
        for (uint k = 0u; k < p.rows; k++) {
            if (index[offset + k] == int(line))
                total += LOAD(dy, k * p.row + column);
        }
        STORE(dx, i, total);
    }
}
#endif
