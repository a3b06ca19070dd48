// The activation that a kernel applies to what it computes, or goes back through: ACTIVATION, a specialisation constant
// that is 0 for none, else a number of enum tenka_act in src/op/params.h. A driver drops the code of all others. After
// common/kernel.glsl and the constant.
#include "common/elementwise.glsl"

// The rows that have such a number, in the order of the numbers, which `code` counts.
#define TENKA_UNARY(name, back, count, numbers, range, wide)
#define TENKA_BINARY(name, grad, a, b)
#define TENKA_ACTIVATION(name, back, count, numbers, range, wide, layer, arguments) ROW_##count(name)
#define ROW_0(name)                         \
    if (ACTIVATION == code++)               \
        y = name##_value(v, 0.0, 0.0);
#define ROW_1(name)
#define ROW_2(name)

precise float activated(float v)
{
    float y = v;
    int code = 1;
#include "common/elementwise.def"
    return y;
}

// In a loop that the driver unrolls: the code of all activations is large, and the copies that glslc makes of a loop's
// body are not `precise` any more.
vec4 activated(vec4 v)
{
    for (int i = 0; i < 4; i++)
        v[i] = activated(v[i]);
    return v;
}

// Of an activation that gave y, what d, the gradient of y, becomes; only those whose gradient is made of y.
#define TENKA_UNARY(name, back, count, numbers, range, wide)
#define TENKA_BINARY(name, grad, a, b)
#define TENKA_ACTIVATION(name, back, count, numbers, range, wide, layer, arguments) ROW_##count##back(name)
#define ROW_0OF_Y(name)                     \
    if (ACTIVATION == code++)               \
        dx = name##_back(y, d, 0.0, 0.0);
#define ROW_0OF_X(name) code++;
#define ROW_1OF_X(name)
#define ROW_2OF_X(name)

precise float activated_back(float y, float d)
{
    float dx = d;
    int code = 1;
#include "common/elementwise.def"
    return dx;
}

vec4 activated_back(vec4 y, vec4 d)
{
    for (int i = 0; i < 4; i++)
        d[i] = activated_back(y[i], d[i]);
    return d;
}
