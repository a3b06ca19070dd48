// Windows of pooling along an axis of `size` places; after TENKA_PARAMS with p.adaptive.
#extension GL_EXT_control_flow_attributes : require

// Of the shape, see POOL_CONSTANTS in src/op/tiles.h. Small windows, and windows of which few reach over a place, are
// compiled for their size: what is loaded does not depend on what was, so that all of it is on its way at once.
layout(constant_id = 8) const int KH = 0; // 0: none such
layout(constant_id = 9) const int KW = 1;
layout(constant_id = 10) const int SH = 1;
layout(constant_id = 11) const int SW = 1;
layout(constant_id = 12) const int DH = 1;
layout(constant_id = 13) const int DW = 1;
const bool SMALL = KH > 0;
const int TAPS = SMALL ? KH * KW : 1; // of a window
// Windows that reach over a place.
const int OVER_W = ((KW - 1) * DW + SW) / SW, OVER = SMALL ? ((KH - 1) * DH + SH) / SH * OVER_W : 1;
#define FOR_ALL(t, count) [[unroll]] for (int t = 0; t < count; t++)

// The first place of window i of `count`, padding before 0, and one past its last; reach: places that it spans.
ivec2 window(int i, int size, int count, int reach, int stride, int pad)
{
    if (p.adaptive != 0)
        return ivec2(i * size / count, ((i + 1) * size + count - 1) / count);
    const int begin = i * stride - pad;
    return ivec2(begin, begin + reach);
}

// First and one past the last of the windows that reach over a place. With dilation some of them skip it.
ivec2 windows(int place, int size, int count, int reach, int stride, int pad)
{
    if (p.adaptive != 0)
        return ivec2(place * count / size, ((place + 1) * count + size - 1) / size);
    return ivec2(max(place + pad - reach + stride, 0) / stride, min((place + pad) / stride + 1, count));
}
