/*
 * Transforms of single tiles, VEC channels at a time. Every two-dimensional transform is its
 * one-dimensional one applied to the columns, then to the rows. The matrices belong to the
 * interpolation points 0, +-P, +-Q and infinity:
 *
 *   B^T = PPQQ   0   -PP-QQ   0     1  0     G = 1/PPQQ   0     0      A^T = 1   1    1   1    1   0
 *           0  -PQQ    -QQ    P     1  0          1/m    P/m  PP/m           0   P   -P   Q   -Q   0
 *           0   PQQ    -QQ   -P     1  0          1/m   -P/m  PP/m           0  PP   PP  QQ   QQ   0
 *           0  -PPQ    -PP    Q     1  0          1/n    Q/n  QQ/n           0 PPP -PPP QQQ -QQQ   1
 *           0   PPQ    -PP   -Q     1  0          1/n   -Q/n  QQ/n
 *           0   PPQQ    0   -PP-QQ  0  1           0      0     1     m = 2PP(PP-QQ), n = 2QQ(QQ-PP)
 *
 * Chosen: P = 5/8, Q = 3/2 instead of the paper's 1 and 2. B and A are exact in binary still, and
 * the largest rounding error is a third to a quarter of the paper's, its mean less than a half.
 */
#include "kernel/vec/wino.h"

#define P   0.625f
#define Q   1.5f
#define PP  (P * P)
#define QQ  (Q * Q)
#define P_M (1.0f / (2.0f * PP * (PP - QQ))) /* 1/m */
#define Q_N (1.0f / (2.0f * QQ * (QQ - PP))) /* 1/n */

/* t [6] = B^T d [6]; elements of t are `step` apart, here and below */
MYE_INLINE void times_b(const vec *d, vec *t, const int step)
{
    const vec even1 = d[4] - QQ * d[2], odd1 = d[3] - QQ * d[1];
    const vec even2 = d[4] - PP * d[2], odd2 = d[3] - PP * d[1];
    t[0] = PP * QQ * d[0] - (PP + QQ) * d[2] + d[4];
    t[1 * step] = even1 + P * odd1;
    t[2 * step] = even1 - P * odd1;
    t[3 * step] = even2 + Q * odd2;
    t[4 * step] = even2 - Q * odd2;
    t[5 * step] = PP * QQ * d[1] - (PP + QQ) * d[3] + d[5];
}

/* t [4] = A^T m [6] */
MYE_INLINE void times_a(const vec *m, vec *t, const int step)
{
    const vec sum1 = m[1] + m[2], less1 = m[1] - m[2];
    const vec sum2 = m[3] + m[4], less2 = m[3] - m[4];
    t[0] = m[0] + sum1 + sum2;
    t[1 * step] = P * less1 + Q * less2;
    t[2 * step] = PP * sum1 + QQ * sum2;
    t[3 * step] = PP * P * less1 + QQ * Q * less2 + m[5];
}

/* t [6] = A y [4] */
MYE_INLINE void times_a_back(const vec *y, vec *t, const int step)
{
    const vec even1 = y[0] + PP * y[2], odd1 = y[1] + PP * y[3];
    const vec even2 = y[0] + QQ * y[2], odd2 = y[1] + QQ * y[3];
    t[0] = y[0];
    t[1 * step] = even1 + P * odd1;
    t[2 * step] = even1 - P * odd1;
    t[3 * step] = even2 + Q * odd2;
    t[4 * step] = even2 - Q * odd2;
    t[5 * step] = y[3];
}

/* t [6] = G g [3] */
MYE_INLINE void times_g(const vec *g, vec *t, const int step)
{
    const vec even1 = P_M * g[0] + PP * P_M * g[2], odd1 = P * P_M * g[1];
    const vec even2 = Q_N * g[0] + QQ * Q_N * g[2], odd2 = Q * Q_N * g[1];
    t[0] = g[0] * (1.0f / (PP * QQ));
    t[1 * step] = even1 + odd1;
    t[2 * step] = even1 - odd1;
    t[3 * step] = even2 + odd2;
    t[4 * step] = even2 - odd2;
    t[5 * step] = g[2];
}

/* t [3] = G^T u [6] */
MYE_INLINE void times_g_back(const vec *u, vec *t, const int step)
{
    const vec sum1 = u[1] + u[2], less1 = u[1] - u[2];
    const vec sum2 = u[3] + u[4], less2 = u[3] - u[4];
    t[0] = u[0] * (1.0f / (PP * QQ)) + P_M * sum1 + Q_N * sum2;
    t[1 * step] = P * P_M * less1 + Q * Q_N * less2;
    t[2 * step] = PP * P_M * sum1 + QQ * Q_N * sum2 + u[5];
}

/* One tile, VEC channels: d points at its first pixel, v at its place in V[0]. */
MYE_INLINE void input_tile(const float *d, ptrdiff_t row, ptrdiff_t col, float *v, ptrdiff_t pitch)
{
    vec t[WINO_GRID];
    MYE_UNROLL
    for (int j = 0; j < WINO_IN; j++) {
        vec c[WINO_IN];
        MYE_UNROLL
        for (int i = 0; i < WINO_IN; i++)
            c[i] = vec_load(d + i * row + j * col);
        times_b(c, t + j, WINO_IN);
    }
    MYE_UNROLL
    for (int i = 0; i < WINO_IN; i++, v += WINO_IN * pitch) {
        vec o[WINO_IN];
        times_b(t + i * WINO_IN, o, 1);
        MYE_UNROLL
        for (int j = 0; j < WINO_IN; j++)
            vec_store(v + j * pitch, o[j]);
    }
}

void MYE_VEC(wino_input)(const mye_wino *p, const float *strip, int at, int v0, int v1, float *V)
{
    const mye_wino_strip *s = &p->source;
    const ptrdiff_t col = s->channels, row = s->columns * col;
    const ptrdiff_t vec_pitch = wino_vec_pitch(p), grid = wino_grid_pitch(p, v1 - v0);
    strip += s->skip * col + v0 * VEC;
    for (int t = 0; t < p->tw; t++, strip += WINO_OUT * col)
        for (int v = 0; v < v1 - v0; v++) /* lanes behind the last channel are never read */
            input_tile(strip + v * VEC, row, col, V + v * vec_pitch + (at + t) * VEC, grid);
}

MYE_INLINE void gradient_tile(const float *y, ptrdiff_t row, ptrdiff_t col, float *z,
                              ptrdiff_t pitch)
{
    vec t[WINO_IN * WINO_OUT]; /* [6][4] */
    MYE_UNROLL
    for (int j = 0; j < WINO_OUT; j++) {
        vec c[WINO_OUT];
        MYE_UNROLL
        for (int i = 0; i < WINO_OUT; i++)
            c[i] = vec_load(y + i * row + j * col);
        times_a_back(c, t + j, WINO_OUT);
    }
    MYE_UNROLL
    for (int i = 0; i < WINO_IN; i++, z += WINO_IN * pitch) {
        vec o[WINO_IN];
        times_a_back(t + i * WINO_OUT, o, 1);
        MYE_UNROLL
        for (int j = 0; j < WINO_IN; j++)
            vec_store(z + j * pitch, o[j]);
    }
}

void MYE_VEC(wino_gradient)(const mye_wino *p, const float *strip, int panel, float *z,
                            ptrdiff_t pitch)
{
    const mye_wino_strip *s = &p->gradient;
    const ptrdiff_t col = s->channels, row = s->columns * col;
    strip += panel * TILE_COLS;
    for (int t = 0; t < p->tw; t++, strip += WINO_OUT * col, z += TILE_COLS) {
        gradient_tile(strip, row, col, z, pitch);
        gradient_tile(strip + VEC, row, col, z + VEC, pitch);
    }
}

MYE_INLINE void put(float *y, vec a, int n, bool add)
{
    if (n >= VEC)
        vec_store(y, add ? vec_load(y) + a : a);
    else
        vec_store_part(y, add ? vec_load_part(y, n) + a : a, n);
}

/* VEC channels of a tile, of which n are wanted. */
MYE_INLINE void output_tile(const mye_wino_output *o, const float *m, float *y, vec bias, int n)
{
    vec t[WINO_OUT * WINO_IN]; /* [4][6] */
    MYE_UNROLL
    for (int j = 0; j < WINO_IN; j++) {
        vec c[WINO_IN];
        MYE_UNROLL
        for (int i = 0; i < WINO_IN; i++)
            c[i] = vec_load(m + (i * WINO_IN + j) * TILE_COLS);
        times_a(c, t + j, WINO_IN);
    }
    MYE_UNROLL
    for (int i = 0; i < WINO_OUT; i++, y += o->y_row) {
        vec out[WINO_OUT];
        if (i >= o->rows)
            break;
        times_a(t + i * WINO_IN, out, 1);
        MYE_UNROLL
        for (int j = 0; j < WINO_OUT; j++)
            if (j < o->cols)
                put(y + j * o->y_col, out[j] + bias, n, o->accumulate);
    }
}

void MYE_VEC(wino_output)(const mye_wino_output *o, const float *m)
{
    for (int c = 0; c < o->width; c += VEC) {
        const int n = o->width - c < VEC ? o->width - c : VEC;
        vec bias = vec_set1(0.0f);
        if (o->bias)
            bias = n < VEC ? vec_load_part(o->bias + c, n) : vec_load(o->bias + c);
        output_tile(o, m + c, o->y + c, bias, n);
    }
}

/* Past the caches: p is aligned to a vector. */
MYE_INLINE void vec_stream(float *p, vec a)
{
#if defined(__AVX512F__)
    _mm512_stream_ps(p, (__m512)a);
#elif defined(__AVX2__)
    _mm256_stream_ps(p, (__m256)a);
#elif defined(__SSE2__)
    _mm_stream_ps(p, (__m128)a);
#else
    vec_store(p, a);
#endif
}

void MYE_VEC(wino_window)(const float *g, float *u, ptrdiff_t pitch)
{
    for (int c = 0; c < TILE_COLS; c += VEC) {
        vec t[WINO_IN * 3]; /* [6][3] */
        MYE_UNROLL
        for (int j = 0; j < 3; j++) {
            vec w[3];
            MYE_UNROLL
            for (int i = 0; i < 3; i++)
                w[i] = vec_load(g + (i * 3 + j) * TILE_COLS + c);
            times_g(w, t + j, 3);
        }
        MYE_UNROLL
        for (int i = 0; i < WINO_IN; i++) {
            vec o[WINO_IN];
            times_g(t + i * 3, o, 1);
            MYE_UNROLL
            for (int j = 0; j < WINO_IN; j++)
                vec_stream(u + (i * WINO_IN + j) * pitch + c, o[j]);
        }
    }
}

void MYE_VEC(wino_window_end)(void)
{
#if defined(__SSE2__)
    _mm_sfence(); /* nothing else orders streamed stores before what tells of them */
#endif
}

void MYE_VEC(wino_window_gradient)(const float *u, ptrdiff_t pitch, float *dg, ptrdiff_t row,
                                   int width, bool add)
{
    for (int c = 0; c < width; c += VEC) {
        vec t[3 * WINO_IN]; /* [3][6] */
        MYE_UNROLL
        for (int j = 0; j < WINO_IN; j++) {
            vec w[WINO_IN];
            MYE_UNROLL
            for (int i = 0; i < WINO_IN; i++)
                w[i] = vec_load(u + (i * WINO_IN + j) * pitch + c);
            times_g_back(w, t + j, WINO_IN);
        }
        MYE_UNROLL
        for (int i = 0; i < 3; i++) {
            vec o[3];
            times_g_back(t + i * WINO_IN, o, 1);
            MYE_UNROLL
            for (int j = 0; j < 3; j++)
                put(dg + (i * 3 + j) * row + c, o[j], width - c, add);
        }
    }
}
