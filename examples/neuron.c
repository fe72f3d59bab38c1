/*
 * A single neuron on spike patterns of one's own: it learns to fire for one of two, reads them, and
 * tells its critical threshold.
 *
 *   cc -std=c11 -o neuron neuron.c $(pkg-config --cflags --libs myelin)
 *   ./neuron
 */
#include <stdio.h>

#include <myelin/myelin.h>

enum { UNITS = 3, PATTERNS = 2 };

/* The same spike times; only the coefficients say which pattern it is. */
static const mye_spike first[] = {{10, 2.0f, 0}, {12, 0.5f, 1}, {14, 1.0f, 2}};
static const mye_spike second[] = {{10, 0.5f, 0}, {12, 2.0f, 1}, {14, 1.0f, 2}};

static mye_status work(mye_context *ctx, mye_patterns *set, mye_synapse **neuron, mye_error *err)
{
    static const int32_t count[PATTERNS] = {1, 0}; /* fire for the first, not for the second */
    const mye_aims aims = {count, NULL, NULL};
    const mye_pattern pattern[PATTERNS] = {{first, 3, 100, 0, 0}, {second, 3, 100, 1, 0}};
    mye_synapse_options options = MYE_SYNAPSE_OPTIONS;
    mye_synapse_result result;
    for (int k = 0; k < PATTERNS; k++)
        MYE_TRY(mye_patterns_add(set, &pattern[k], err));
    options.rule = "tempotron:margin=0.1";
    options.lambda = 0.05;
    MYE_TRY(mye_synapse_create(ctx, UNITS, 1, &options, neuron, err));
    MYE_TRY(mye_synapse_train(*neuron, set, &aims, NULL, &result, err));
    printf("%s after %lld epochs\n", result.converged ? "learned" : "not learned",
           (long long)result.epochs);
    mye_synapse_result_free(ctx, &result);
    for (int k = 0; k < PATTERNS; k++) {
        double t_ms[8], theta;
        int n;
        MYE_TRY(mye_synapse_spikes(*neuron, &pattern[k], 0, t_ms, 8, &n, err));
        MYE_TRY(mye_synapse_critical(*neuron, &pattern[k], 0, 1, &theta, NULL, err));
        printf("pattern %d: %d spikes%s", k, n, n > 0 ? ", the first at " : "");
        if (n > 0)
            printf("%.2f ms", t_ms[0]);
        printf("; it would fire up to a threshold of %.3f\n", theta);
    }
    return MYE_OK;
}

int main(void)
{
    mye_context *ctx = NULL;
    mye_patterns *set = NULL;
    mye_synapse *neuron = NULL;
    mye_error err = {0};
    mye_status st = mye_context_create(NULL, &ctx, &err);
    if (st == MYE_OK)
        st = mye_patterns_create(ctx, UNITS, PATTERNS, &set, &err);
    if (st == MYE_OK)
        st = work(ctx, set, &neuron, &err);
    if (st != MYE_OK)
        fprintf(stderr, "error: %s\n", err.message);
    mye_synapse_free(neuron);
    mye_patterns_free(set);
    mye_context_free(ctx);
    return st == MYE_OK ? 0 : 1;
}
