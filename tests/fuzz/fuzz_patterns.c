/* Any bytes as a pattern file: what is read must be a set that is whole. */
#include "fuzz/limited.h"
#include "synapse/pattern_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const mye_patterns *set)
{
    const mye_patterns_info *about = mye_patterns_about(set);
    int64_t spikes = 0;
    for (int64_t k = 0; k < about->n; k++) {
        const mye_pattern p = mye_patterns_at(set, k);
        if (p.label < 0 || p.label >= about->classes || !(p.window_ms >= 0))
            abort();
        for (int64_t i = 0; i < p.n; i++)
            if (!(p.spike[i].t_ms >= 0) || p.spike[i].unit < 0 || p.spike[i].unit >= about->units)
                abort();
        spikes += p.n;
    }
    if (spikes != about->spikes)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mye_context *ctx = limited_context();
    mye_patterns *set;
    mye_error err;

    if (mye_patterns_parse(ctx, "fuzz", data, size, 0, 0, &set, &err) == MYE_OK) {
        check(set);
        mye_patterns_free(set);
    }
    limited_free(ctx);
    return 0;
}
