#version 450
// Elementwise operators one after the other: v = in0; then, step by step, v = op(v) or op(v, in_arg); see struct
// tenka_p_chain in src/op/params.h. Scalars: the numbers of the one step that takes any. Each step rounds as its operator
// alone would.
//
// The steps are specialisation constants, so that a pipeline has nothing else in it: of all operators' code, which is here
// once, in the body of a loop, a driver first drops what no step is, and then unrolls the loop. Nothing tells glslc to do
// so: the copies that its optimiser makes are no longer precise.
//   TENKA_PASS_fwd  0 to 3: in0, in1, in2, in3 (all but the first optional)   4: y out   5: slot
#include "common/kernel.glsl"
#include "common/elementwise.glsl"

layout(constant_id = 8) const int STEP_0 = 0;
layout(constant_id = 9) const int STEP_1 = 0;
layout(constant_id = 10) const int STEP_2 = 0;
layout(constant_id = 11) const int STEP_3 = 0;
layout(constant_id = 12) const int STEP_4 = 0;
layout(constant_id = 13) const int STEP_5 = 0;

TENKA_PARAMS(int steps; int op[6]; int arg[6];);
READS(0, in0);
READS(1, in1);
READS(2, in2);
READS(3, in3);
WRITES(4, y);
SCALARS(5);

float input_of(int arg, uint i)
{
    if (arg == 0)
        return LOAD(in0, i);
    if (arg == 1)
        return LOAD(in1, i);
    return arg == 2 ? LOAD(in2, i) : LOAD(in3, i);
}

// Whether any step is the one of this code.
bool is_step(int code)
{
    return code + 1 == (STEP_0 + 3) / 4 || code + 1 == (STEP_1 + 3) / 4 || code + 1 == (STEP_2 + 3) / 4 ||
           code + 1 == (STEP_3 + 3) / 4 || code + 1 == (STEP_4 + 3) / 4 || code + 1 == (STEP_5 + 3) / 4;
}

// The two steps that a row of elementwise.def makes, in the order of the rows.
#define UNARY_STEPS(name)                                                   \
    VALUE_STEP(name)                                                        \
    if (is_step(code + 1) && op == code + 1)                                \
        result = name##_back(input_of(arg, i), v, SCALAR(0), SCALAR(1));    \
    code += 2;
#define VALUE_STEP(name)                                                    \
    if (is_step(code) && op == code)                                        \
        result = name##_value(v, SCALAR(0), SCALAR(1));
#define TENKA_UNARY(name, back, count, numbers, range, wide) STEPS_##back(name)
#define TENKA_ACTIVATION(name, back, count, numbers, range, wide, layer, arguments) STEPS_##back(name)
#define STEPS_OF_X(name) UNARY_STEPS(name)
#define STEPS_OF_Y(name) UNARY_STEPS(name)
#define STEPS_OF_NEITHER(name) UNARY_STEPS(name)
#define STEPS_CONSTANT(name)                                                \
    VALUE_STEP(name)                                                        \
    code += 2;
#define TENKA_BINARY(name, grad, a, b)                                      \
    if (is_step(code) && op == code)                                        \
        result = name##_value(v, input_of(arg, i));                         \
    if (is_step(code + 1) && op == code + 1)                                \
        result = name##_value(input_of(arg, i), v);                         \
    code += 2;

float apply(int step, float v, uint i)
{
    const int op = (step - 1) / 4, arg = (step - 1) % 4;
    int code = 0;
    precise float result = v;
    if (step == 0)
        return v;
#include "common/elementwise.def"
    return result;
}

void main()
{
    const int steps[6] = int[6](STEP_0, STEP_1, STEP_2, STEP_3, STEP_4, STEP_5);
    FOR_EACH(i) {
        float v = LOAD(in0, i);
        for (int s = 0; s < 6; s++)
            v = apply(steps[s], v, i);
        STORE(y, i, v);
    }
}
