// One element of a convolution of x [n, c, h, w] with weight [o, c / groups, kh, kw]. After the parameters of conv2d and
// the operands x, weight and bias.
float conv_point(int b, int o, int oy, int ox)
{
    const int cg = p.c / p.groups, first = o / (p.o / p.groups) * cg;
    int at = o * cg * p.kh * p.kw;
    float sum = 0.0;
    for (int c = first; c < first + cg; c++) {
        for (int ky = 0; ky < p.kh; ky++) {
            const int iy = oy * p.sh - p.ph + ky * p.dh, row = ((b * p.c + c) * p.h + iy) * p.w;
            for (int kx = 0; kx < p.kw; kx++, at++) {
                const int ix = ox * p.sw - p.pw + kx * p.dw;
                if (iy >= 0 && iy < p.h && ix >= 0 && ix < p.w)
                    sum += LOAD(x, row + ix) * LOAD(weight, at);
                else
                    sum += 0.0 * LOAD(weight, at);
            }
        }
    }
    return p.bias != 0 ? sum + LOAD(bias, o) : sum;
}
