// The larger one, or NaN when there is one; max() may drop it.
float larger(float a, float b)
{
    return is_nan(a) || (!is_nan(b) && a > b) ? a : b;
}

// A line with a NaN, or whose largest element is infinite, has no softmax. Told by bits, since exp(NaN) is undefined.
bool is_finite(float x)
{
    return (floatBitsToUint(x) & 0x7f800000u) != 0x7f800000u;
}
