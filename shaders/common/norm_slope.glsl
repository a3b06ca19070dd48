// The gradient of what a batch normalisation takes, of those of its weight and bias: dx = weight s (dy - dbias / count -
// xhat dweight / count), xhat = (x - m) s. `precise`, so that all kernels that make it round alike.
struct Slope {
    float gain, total, along;
};

// grads: dweight and dbias
Slope slope_of(float weight, float variance, vec2 grads)
{
    const float count = float(p.n * p.plane);
    precise const float s = 1.0 / sqrt(variance + SCALAR(0)), gain = weight * s;
    precise const float total = grads.y / count, along = grads.x * s / count;
    return Slope(gain, total, along);
}

// d: dy; off: x - m
float slope_at(Slope s, float d, float off)
{
    precise const float v = s.gain * (d - s.total - off * s.along);
    return v;
}
