#version 450
// All gradients of y = x weight' + bias in one dispatch: first the tiles of dx, then those of dweight, then dbias.
//   TENKA_PASS_fwd  0: x in   1: weight in   2: dy in   3: mask in (when p.mask)
//                   4: dx = dy weight (0 where mask <= 0)   5: dweight = dy' x   6: dbias (when p.bias): columns of dy
// Accuracy as linear.comp.
#include "common/linear.glsl"
#include "common/relu.glsl"

layout(constant_id = 11) const int DW_SPLITS = 1;
READS_FOURS(0, x);
READS_FOURS(1, weight);
READS_FOURS(2, dy);
READS_FOURS(3, mask);
WRITES_FOURS(4, dx);
WRITES_FOURS(5, dweight);
WRITES(6, dbias);

void finish_dx(int i, int j, vec4 v)
{
    const int at = i * p.k + j, last = p.m * p.k - 1;
    if (p.mask != 0) {
        const vec4 y = FOUR(mask, FOURS_K, last, at);
        v = vec4(relu_back(y.x, v.x), relu_back(y.y, v.y), relu_back(y.z, v.z), relu_back(y.w, v.w));
    }
    STORE_FOURS(dx, FOURS_K, at, p.k - j, v)
}
#define FINISH_DX(i, j, v) finish_dx(i, j, v)
#include "common/linear_dx.glsl"
#include "common/linear_dw.glsl"

void main()
{
    FOR_EACH_GROUP(g) {
        if (g < dx_groups())
            input_gradient(g);
        else
            weight_gradient(g - dx_groups());
    }
}
