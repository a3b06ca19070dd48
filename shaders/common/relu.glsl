// max(v, 0), NaN and -0 staying what they are, and the gradient's way back. After common/kernel.glsl.
float relu(float v)
{
    return v < 0.0 && !is_nan(v) ? 0.0 : v;
}

vec4 relu(vec4 v)
{
    return vec4(relu(v.x), relu(v.y), relu(v.z), relu(v.w));
}

// What a ReLU with the output y sends back of d.
float relu_back(float y, float d)
{
    return y <= 0.0 && !is_nan(y) ? 0.0 : d;
}
