/* Any times and units as a sample of SHD. What libhdf5 itself makes of a file is its own business. */
#include "data/spikes.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t n = size / 6;
    float *time_s = malloc(n * sizeof *time_s + 1);
    uint16_t *unit = malloc(n * sizeof *unit + 1);
    mye_events events = {.ctx = NULL};
    mye_error err;

    if (time_s && unit) {
        memcpy(time_s, data, n * sizeof *time_s);
        memcpy(unit, data + n * sizeof *time_s, n * sizeof *unit);
        if (mye_spikes_decode("fuzz", n, time_s, unit, 700, &events, &err) == MYE_OK)
            for (size_t i = 0; i < events.n; i++)
                if (events.event[i].x >= 700 || events.event[i].t_us < 0)
                    abort();
    }
    mye_events_free(&events);
    free(time_s);
    free(unit);
    return 0;
}
