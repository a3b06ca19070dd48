#version 450
// Elementwise operators one after the other: v = in0; then, for each of p.steps, v = op(v) or op(v, in_arg), the
// numbers of enum tenka_chain_op. Scalars: the factor of SCALE. Each step rounds as its operator alone would.
//   TENKA_PASS_fwd  0 to 3: in0, in1, in2, in3 (all but the first optional)   4: y out   5: slot
#include "common/kernel.glsl"
#include "common/relu.glsl"
#include "common/tanh.glsl"

TENKA_PARAMS(int steps; int op[6]; int arg[6];);
READS(0, in0);
READS(1, in1);
READS(2, in2);
READS(3, in3);
WRITES(4, y);
SCALARS(5);

const int RELU = 0, TANH = 1, SCALE = 2, ADD = 3, SUB = 4, SUB_FROM = 5, MUL = 6; // else RELU_BACK

float input_of(int arg, uint i)
{
    if (arg == 0)
        return LOAD(in0, i);
    if (arg == 1)
        return LOAD(in1, i);
    return arg == 2 ? LOAD(in2, i) : LOAD(in3, i);
}

float apply(int op, float v, float x)
{
    precise float result = v;
    if (op == RELU)
        result = relu(v);
    else if (op == TANH)
        result = tanh_of(v);
    else if (op == SCALE)
        result = v * SCALAR(0);
    else if (op == ADD)
        result = v + x;
    else if (op == SUB)
        result = v - x;
    else if (op == SUB_FROM)
        result = x - v;
    else if (op == MUL)
        result = v * x;
    else
        result = relu_back(x, v);
    return result;
}

void main()
{
    FOR_EACH(i) {
        float v = LOAD(in0, i);
        for (int s = 0; s < p.steps; s++)
            v = apply(p.op[s], v, p.op[s] < ADD ? 0.0 : input_of(p.arg[s], i));
        STORE(y, i, v);
    }
}
