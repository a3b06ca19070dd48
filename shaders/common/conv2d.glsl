// What the kernels of convolutions begin with; the parameters are TENKA_PARAMS(CONV2D_FIELDS), with more after them or
// not.
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#include "common/kernel.glsl"
#define CONV2D_FIELDS                                                                                           \
    int n; int c; int h; int w; int o; int kh; int kw; int oh; int ow; int sh; int sw; int ph; int pw; int dh;  \
    int dw; int groups; int bias; int act; int before;
