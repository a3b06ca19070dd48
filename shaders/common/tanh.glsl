// tanh(v), NaN kept; relative accuracy 1e-6. After common/kernel.glsl. GLSL's own may be a quotient of overflowing
// exponentials, hence this one: of exp(-2 |v|), which cannot overflow, and near 0, where 1 - exp(-2 |v|) cancels, the
// Taylor series to v^7.
float tanh_of(float v)
{
    const float s = v * v, e = exp(-2.0 * abs(v));
    const float near = v * (1.0 - s * (1.0 / 3.0 - s * (2.0 / 15.0 - s * (17.0 / 315.0)))); // -0 stays -0
    const float far = (1.0 - e) / (1.0 + e);
    if (is_nan(v))
        return v;
    return abs(v) < 0.2 ? near : v < 0.0 ? -far : far;
}
