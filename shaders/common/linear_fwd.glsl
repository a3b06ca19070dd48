// y = EPILOGUE(x weight' + bias). After common/gemm.glsl and the parameters of linear.
//   0: x in   1: weight in   2: bias in (when p.bias)   3: y out
READS(0, x);
READS(1, weight);
READS(2, bias);
WRITES(3, y);

void main()
{
    FOR_EACH(i) {
        uint rest = i;
        const int column = 4 * int(digit(rest, (p.n + 3) / 4)), row = 4 * int(rest);
        Tile tile = Tile(lines(row, p.m - 1, p.k), lines(column, p.n - 1, p.k), 1, 1);
        mat4 acc = mat4(0.0);
        GEMM_TILE(acc, tile, x, weight, p.k);
        if (p.bias != 0) {
            const ivec4 at = lines(column, p.n - 1, 1);
            const vec4 base = vec4(LOAD(bias, at.x), LOAD(bias, at.y), LOAD(bias, at.z), LOAD(bias, at.w));
            acc += mat4(base, base, base, base);
        }
        for (int r = 0; r < 4; r++)
            acc[r] = EPILOGUE(acc[r]);
        GEMM_STORE(y, row, column, p.m, p.n, acc);
    }
}
