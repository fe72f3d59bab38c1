/* Any bytes as a sound file. */
#include "limited.h"
#include "synapse/wav.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mye_context *ctx = limited_context();
    mye_wave wave;
    mye_error err;

    (void)mye_wave_parse(ctx, "fuzz", data, size, &wave, &err);
    mye_wave_free(ctx, &wave);
    limited_free(ctx);
    return 0;
}
