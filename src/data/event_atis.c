/* ATIS .bin files. Source: G. Orchard, Read_Ndataset.m and eventvision.py (N-MNIST). */
#include "data/events.h"

#define EVENT_BYTES  5
#define OVERFLOW_ROW 240
#define OVERFLOW_US  (1 << 13)

mye_status mye_atis_decode(const char *name, const void *data, size_t bytes, int W, int H,
                           mye_events *out, mye_error *err)
{
    const unsigned char *p = data;
    const size_t n = bytes / EVENT_BYTES;
    int64_t overflow_us = 0;

    if (bytes % EVENT_BYTES != 0)
        return mye_fail(err, MYE_ERR_FORMAT,
                        "%s: %zu bytes are no whole number of events of %d bytes: it is truncated, "
                        "or no ATIS file",
                        name, bytes, EVENT_BYTES);
    MYE_TRY(mye_events_reserve(out, n, err));
    for (size_t i = 0; i < n; i++, p += EVENT_BYTES) {
        const uint32_t bits = (uint32_t)p[2] << 16 | (uint32_t)p[3] << 8 | p[4];
        const mye_event event = {.t_us = (bits & 0x7fffff) + overflow_us,
                                 .x = p[0],
                                 .y = p[1],
                                 .polarity = (uint8_t)(bits >> 23)};
        if (p[1] == OVERFLOW_ROW) {
            overflow_us += OVERFLOW_US;
            continue;
        }
        MYE_TRY(mye_events_check(&event, i, name, W, H, err));
        out->event[out->n++] = event;
    }
    return mye_events_finish(out, name, err);
}
