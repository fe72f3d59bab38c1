/* Which kernel tables this processor can run. */
#include <string.h>

#include "kernel/table.h"

void mye_kernels_all(const mye_kernels *out[8])
{
    int n = 0;
    out[n++] = &mye_kernels_ref;
    out[n++] = &mye_kernels_base;
#if defined(__x86_64__)
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                      __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
    if (avx2)
        out[n++] = &mye_kernels_avx2;
    if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
        out[n++] = &mye_kernels_avx512;
#endif
    out[n] = NULL;
}

mye_status mye_kernels_find(const char *name, const mye_kernels **out, mye_error *err)
{
    const mye_kernels *all[8];
    char names[64] = "";
    mye_kernels_all(all);
    *out = NULL;
    for (int i = 0; all[i]; i++) {
        if (!name || strcmp(all[i]->name, name) == 0)
            *out = all[i]; /* without a name the last, which is the best */
        (void)strncat(names, i ? ", " : "", sizeof names - strlen(names) - 1);
        (void)strncat(names, all[i]->name, sizeof names - strlen(names) - 1);
    }
    if (*out)
        return MYE_OK;
    (void)mye_fail(err, MYE_ERR_ARG, "there are no kernels '%s' for this processor", name);
    return mye_hint(err, "choose one of: %s", names);
}
