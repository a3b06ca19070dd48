// What the gradients of a normalisation add up: dy and dy (x - mean). After the operand x and GRADIENT(at), which is dy.
vec2 gradient_terms(uint at, float m)
{
    const float d = GRADIENT(at);
    return vec2(d, d * (LOAD(x, at) - m));
}
