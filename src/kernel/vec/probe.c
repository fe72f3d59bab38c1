/* The multiply-add peak of this instruction set, measured: the ceiling beside every figure. */
#include "kernel/vec/vec.h"

#define CHAINS 12 /* independent: hides the latency of one multiply-add */

double MYE_VEC(probe)(int64_t steps)
{
    const vec half = vec_set1(0.5f);
    vec a[CHAINS];
    MYE_UNROLL
    for (int i = 0; i < CHAINS; i++)
        a[i] = vec_set1((float)i);
    for (int64_t k = 0; k < steps; k++) {
        MYE_UNROLL
        for (int i = 0; i < CHAINS; i++)
            a[i] = a[i] * half + half;
    }
    vec sum = a[0];
    MYE_UNROLL
    for (int i = 1; i < CHAINS; i++)
        sum += a[i];
    /* The sum tends to CHAINS; using it keeps the loop. */
    return sum[0] < 1e9f ? 2.0 * VEC * CHAINS * (double)steps : 0;
}
