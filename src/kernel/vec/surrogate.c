/* Surrogate derivatives of a chunk, sigma'(x) with x = u - theta; the formulas are in math.h. */
#include "kernel/vec/math.h"

#define X(name)                                                                                    \
    void MYE_VEC(surrogate_##name)(int64_t n, const float *restrict u, float theta, float a,       \
                                   float b, float *restrict h)                                     \
    {                                                                                              \
        const vec va = vec_set1(a), vb = vec_set1(b);                                              \
        int64_t i = 0;                                                                             \
        for (; i + VEC <= n; i += VEC)                                                             \
            vec_store(h + i, slope_##name(vec_load(u + i) - theta, va, vb));                       \
        if (i < n) {                                                                               \
            const int left = (int)(n - i);                                                         \
            vec_store_part(h + i, slope_##name(vec_load_part(u + i, left) - theta, va, vb), left); \
        }                                                                                          \
    }
MYE_SURROGATE_LIST(X)
#undef X
