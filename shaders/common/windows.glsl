// Windows of pooling along an axis of `size` places; after TENKA_PARAMS with p.adaptive.

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
