/* Reference elementwise passes, and the reference table. */
#include "kernel/ref/ref.h"

static void bits_expand(int64_t n, const uint64_t *bits, int64_t first, float *dst)
{
    for (int64_t i = 0; i < n; i++)
        dst[i] = bits[(first + i) / 64] >> ((first + i) % 64) & 1 ? 1.0f : 0.0f;
}

static int64_t bits_count(int64_t n_words, const uint64_t *bits)
{
    int64_t n = 0;
    for (int64_t i = 0; i < 64 * n_words; i++)
        n += (int64_t)(bits[i / 64] >> (i % 64) & 1);
    return n;
}

static int64_t bits_shared(int64_t n_words, const uint64_t *x, const uint64_t *y)
{
    int64_t n = 0;
    for (int64_t i = 0; i < n_words * 64; i++)
        n += x[i / 64] >> i % 64 & y[i / 64] >> i % 64 & 1;
    return n;
}

static void add(int64_t n, const float *x, float *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] += x[i];
}

static void scale(int64_t n, float a, const float *x, float *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = a * x[i];
}

static void axpy(int64_t n, float a, const float *x, float *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] += a * x[i];
}

static void mul(int64_t n, const float *x, float *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] *= x[i];
}

static void affine(int64_t rows, int64_t C, const float *x, const float *a, const float *b,
                   float *y)
{
    for (int64_t i = 0; i < rows * C; i++)
        y[i] = x[i] * a[i % C] + b[i % C];
}

static void norm_sums(int64_t rows, int64_t C, int64_t pitch, const float *x, const float *center,
                      float *sum, float *square)
{
    for (int64_t i = 0; i < rows * C; i++) {
        const float d = x[i / C * pitch + i % C] - center[i % C];
        sum[i % C] += d;
        square[i % C] += d * d;
    }
}

static void norm_grad_sums(int64_t rows, int64_t C, const float *g, const float *x,
                           const float *center, float *sum_g, float *sum_gx, float *sum_x)
{
    for (int64_t i = 0; i < rows * C; i++) {
        const float d = x[i] - center[i % C];
        sum_g[i % C] += g[i];
        sum_gx[i % C] += g[i] * d;
        sum_x[i % C] += d;
    }
}

static void affine2(int64_t rows, int64_t C, const float *g, const float *x, const float *a,
                    const float *b, const float *d, float *y)
{
    for (int64_t i = 0; i < rows * C; i++)
        y[i] = a[i % C] * g[i] + b[i % C] * x[i] + d[i % C];
}

static void route_max(int64_t C, int n_rows, int n_cols, int64_t pitch, const float *x,
                      const float *g, float *dx, bool add)
{
    for (int64_t c = 0; c < C; c++) {
        int best = 0;
        for (int i = 1; i < n_rows * n_cols; i++)
            if (x[i / n_cols * pitch + i % n_cols * C + c] >
                x[best / n_cols * pitch + best % n_cols * C + c])
                best = i;
        for (int i = 0; i < n_rows * n_cols; i++) {
            float *to = dx + i / n_cols * pitch + i % n_cols * C + c;
            *to = (add ? *to : 0.0f) + (i == best ? g[c] : 0.0f);
        }
    }
}

static void route_one(int64_t C, int64_t n, int n_rows, int n_cols, int64_t pitch, int at,
                      const float *x, const float *g, float *dx)
{
    for (int64_t c = 0; c < n; c++) {
        int best = 0;
        for (int i = 1; i < n_rows * n_cols; i++)
            if (x[i / n_cols * pitch + i % n_cols * C + c] >
                x[best / n_cols * pitch + best % n_cols * C + c])
                best = i;
        dx[c] = at == best ? g[c] : 0.0f;
    }
}

static void route_won(int64_t C, int64_t pixels, int first, int repeat, const uint64_t *won,
                      const float *g, float *dx)
{
    for (int64_t i = 0; i < pixels * C; i++) {
        const int64_t window = (first + i / C) / repeat;
        dx[i] = won[i / 64] >> (i % 64) & 1 ? g[window * C + i % C] : 0.0f;
    }
}

static double probe(int64_t steps)
{
    float a = 1;
    for (int64_t k = 0; k < steps; k++)
        a = a * 0.5f + 0.5f;
    return a < 2 ? 2.0 * (double)steps : 0;
}

static void column_sums(int64_t rows, int64_t C, const float *x, float *sum)
{
    for (int64_t i = 0; i < rows * C; i++)
        sum[i % C] += x[i];
}

const mye_kernels mye_kernels_ref = {
    .name = "ref",
    .conv = {[MYE_CONV_DIRECT] = {.name = "direct",
                                  .fits = mye_ref_conv_fits,
                                  .cost = mye_ref_conv_cost,
                                  .pack_bytes = mye_ref_conv_pack_bytes,
                                  .pack = mye_ref_conv_pack,
                                  .lane_bytes = mye_ref_conv_lane_bytes,
                                  .scratch_bytes = mye_ref_conv_scratch_bytes,
                                  .shards = mye_ref_conv_shards,
                                  .forward = mye_ref_conv_forward,
                                  .backward_data = mye_ref_conv_backward_data,
                                  .backward_weight = mye_ref_conv_backward_weight},
             [MYE_CONV_INT8] = {.name = "int8",
                                .fits = mye_ref_int8_fits,
                                .cost = mye_ref_conv_cost,
                                .pack_bytes = mye_ref_int8_pack_bytes,
                                .pack = mye_ref_int8_pack,
                                .lane_bytes = mye_ref_int8_lane_bytes,
                                .shards = mye_ref_conv_shards,
                                .forward = mye_ref_int8_forward}},
    .bits_expand = bits_expand,
    .bits_count = bits_count,
    .bits_shared = bits_shared,
    .bf16_pack = mye_ref_bf16_pack,
    .bf16_expand = mye_ref_bf16_expand,
    .add = add,
    .scale = scale,
    .axpy = axpy,
    .mul = mul,
    .affine = affine,
    .norm_sums = norm_sums,
    .norm_grad_sums = norm_grad_sums,
    .affine2 = affine2,
    .column_sums = column_sums,
    .route_max = route_max,
    .dot = mye_ref_dot,
    .sum_squares = mye_ref_sum_squares,
    .sgd = mye_ref_sgd,
    .adam = mye_ref_adam,
    .route_one = route_one,
    .route_won = route_won,
    .probe = probe,
    .lif_forward = mye_ref_lif_forward,
    .lif_fire = mye_ref_lif_fire,
    .lif_backward = mye_ref_lif_backward,
    .rate_collect = mye_ref_rate_collect,
    .lif_scan = mye_ref_lif_scan,
    .lif_unscan = mye_ref_lif_unscan,
    .transmit = mye_ref_transmit,
    .surrogate =
        {
#define X(name) [MYE_SURROGATE_##name] = mye_ref_surrogate_##name,
            MYE_SURROGATE_LIST(X)
#undef X
        },
};
