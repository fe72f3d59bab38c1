/* AEDAT 2.0 of a DVS128. Source: jAER, "AER data file format"; see events.h. */
#include <string.h>

#include "data/events.h"

#define EVENT_BYTES 8
#define SIDE        128

static uint32_t big(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Bytes of the header: all lines from the first that begin with '#'. */
static mye_status skip_header(const char *name, const unsigned char *p, size_t bytes,
                              size_t *header, mye_error *err)
{
    static const char mark[] = "#!AER-DAT2.0";

    *header = 0;
    if (bytes < sizeof mark - 1 || memcmp(p, mark, sizeof mark - 1) != 0)
        return mye_fail(err, MYE_ERR_FORMAT,
                        "%s: it does not begin with %s: it is no AEDAT 2.0 file", name, mark);
    while (*header < bytes && p[*header] == '#') {
        const unsigned char *end = memchr(p + *header, '\n', bytes - *header);
        if (!end)
            return mye_fail(err, MYE_ERR_FORMAT, "%s: it ends within its header", name);
        *header = (size_t)(end - p) + 1;
    }
    return MYE_OK;
}

mye_status mye_aedat2_decode(const char *name, const void *data, size_t bytes, mye_events *out,
                             mye_error *err)
{
    const unsigned char *p = data;
    size_t at;

    MYE_TRY(skip_header(name, p, bytes, &at, err));
    if ((bytes - at) % EVENT_BYTES != 0)
        return mye_fail(err, MYE_ERR_FORMAT,
                        "%s: %zu bytes after the header are no whole number of events of %d bytes",
                        name, bytes - at, EVENT_BYTES);
    MYE_TRY(mye_events_reserve(out, (bytes - at) / EVENT_BYTES, err));
    for (; at < bytes; at += EVENT_BYTES) {
        const uint32_t address = big(p + at);
        if (address >> 15 != 0)
            continue;
        out->event[out->n++] = (mye_event){.t_us = big(p + at + 4),
                                           .x = (uint16_t)(SIDE - 1 - (address >> 8 & 0x7f)),
                                           .y = (uint16_t)(SIDE - 1 - (address >> 1 & 0x7f)),
                                           .polarity = (uint8_t)(1 - (address & 1))};
    }
    return mye_events_finish(out, name, err);
}
