/* What all who follow a network over its steps do: lists of steps, sums of outputs, answers. */
#include "convert/convert.h"

mye_status mye_convert_check_steps(const int *steps, int n, mye_error *err)
{
    if (n < 1)
        return mye_fail(err, MYE_ERR_ARG, "a list of time steps wants at least one, got none");
    for (int i = 0; i < n; i++)
        if (steps[i] < 1 || steps[i] > 4096 || (i > 0 && steps[i] <= steps[i - 1]))
            return mye_fail(err, MYE_ERR_ARG,
                            "time steps rise from at least 1 to 4096 at most, got %d at place %d",
                            steps[i], i + 1);
    return MYE_OK;
}

void mye_convert_add_outputs(const mye_pass *p, int K, int t, const float *out, float *sum)
{
    const int64_t n = (int64_t)p->B * K;
    for (int64_t i = 0; i < n; i++)
        sum[i] = (t == 1 ? 0 : sum[i]) + out[(t - 1) * n + i];
}

int mye_convert_class(const float *output, int K)
{
    int best = 0;
    for (int k = 1; k < K; k++)
        best = output[k] > output[best] ? k : best;
    return best;
}
