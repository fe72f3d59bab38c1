/* Max pooling backward: a block of channels stays in registers over the whole window. */
#include "kernel/vec/vec.h"

typedef int32_t ivec __attribute__((vector_size(4 * VEC)));

MYE_INLINE ivec choose(ivec mask, ivec yes, ivec no)
{
    return (mask & yes) | (~mask & no);
}

/* The first n floats at p; n = VEC: all. */
MYE_INLINE vec load_n(const float *p, int n)
{
    return n == VEC ? vec_load(p) : vec_load_part(p, n);
}

MYE_INLINE void store_n(float *p, vec a, int n)
{
    if (n == VEC)
        vec_store(p, a);
    else
        vec_store_part(p, a, n);
}

/* Position of the first maximum of each of n channels. */
MYE_INLINE ivec first_max(int n_rows, int n_cols, int64_t C, int64_t pitch, const float *x, int n)
{
    vec best = load_n(x, n);
    ivec where = {0}, at = {0};
    for (int h = 0; h < n_rows; h++)
        for (int w = 0; w < n_cols; w++) {
            const vec v = load_n(x + h * pitch + w * C, n);
            const ivec greater = v > best;
            where = choose(greater, at, where);
            best = (vec)choose(greater, (ivec)v, (ivec)best);
            at += 1;
        }
    return where;
}

MYE_INLINE void route_block(int n_rows, int n_cols, int64_t C, int64_t pitch, const float *x,
                            const float *g, float *dx, bool add, int n)
{
    const ivec where = first_max(n_rows, n_cols, C, pitch, x, n);
    const ivec gradient = (ivec)load_n(g, n);
    ivec at = {0};
    for (int h = 0; h < n_rows; h++)
        for (int w = 0; w < n_cols; w++) {
            float *to = dx + h * pitch + w * C;
            const vec share = (vec)((where == at) & gradient);
            store_n(to, add ? load_n(to, n) + share : share, n);
            at += 1;
        }
}

void MYE_VEC(route_max)(int64_t C, int n_rows, int n_cols, int64_t pitch, const float *x,
                        const float *g, float *dx, bool add)
{
    int64_t c = 0;
    for (; c + VEC <= C; c += VEC)
        route_block(n_rows, n_cols, C, pitch, x + c, g + c, dx + c, add, VEC);
    if (c < C)
        route_block(n_rows, n_cols, C, pitch, x + c, g + c, dx + c, add, (int)(C - c));
}
