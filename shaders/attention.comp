#version 450
// y = softmax(q k' + mask) v for each of `batch` matrices, and the logarithm lse of the sum that each row's softmax
// divides by. Source: Dao et al., "FlashAttention" (2022): scores are only ever there as a tile, and backward makes them
// again of q, k and lse. With p = exp(score - lse) and dp = dy v': dscore = p (dp - along), where along = y dy of the row.
//   TENKA_PASS_fwd    0: q in   1: k in   2: v in   3: mask in or absent   4: y out   5: lse out
//   TENKA_PASS_dx     0: q in   1: k in   2: v in   3: mask in or absent   4: y in   5: lse in   6: dy in
//                     7: dq out, the sum over columns of dscore k   8: dk out, that over rows of dscore q   9: dv out, of p dy
//   TENKA_PASS_dmask  0: q in   1: k in   2: v in   3: mask in   4: y in   5: lse in   6: dy in
//                     7: dmask out: dscore, added up over the batches that share a matrix of the mask
#include "common/attention.glsl"

READS_FOURS(0, q);
READS_FOURS(1, k);
READS_FOURS(2, v);
READS(3, mask_matrix);

#ifdef TENKA_PASS_fwd
WRITES_FOURS(4, y);
WRITES(5, lse);
#include "common/attention_fwd.glsl"
#else
READS(4, y);
READS(5, lse);
READS_FOURS(6, dy);
#ifdef TENKA_PASS_dx
WRITES_FOURS(7, dq);
WRITES_FOURS(8, dk);
WRITES_FOURS(9, dv);
#else
WRITES(7, dmask);
#endif
#include "common/attention_back.glsl"
#endif
