#version 450
// All gradients of y = x weight' + bias in one dispatch: first the tiles of dx, then those of dweight, then dbias.
//   TENKA_PASS_fwd  0: x in   1: weight in   2: dy in   3: dx out = dy weight, back through p.before
//                   4: dweight out = dy' x   5: dbias out (when p.bias): columns of dy
// Accuracy as linear.comp.
#include "common/linear.glsl"

layout(constant_id = 12) const int DW_SPLITS = 1;
READS_FOURS(0, x);
READS_FOURS(1, weight);
READS_FOURS(2, dy);
WRITES_FOURS(3, dx);
WRITES_FOURS(4, dweight);
WRITES(5, dbias);

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
