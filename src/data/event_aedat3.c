/* AEDAT 3.1. Source: iniVation, "AEDAT file formats", version 3.1; see events.h. */
#include <string.h>

#include "data/events.h"

#define HEADER_BYTES   28
#define POLARITY       1
#define POLARITY_BYTES 8

typedef struct packet {
    size_t at, events;   /* places in the file: the header, the first event */
    size_t next;         /* and behind the last event                       */
    uint32_t number;     /* events that are used                            */
    int64_t overflow_us; /* to add to each time                             */
    bool is_polarity;
} packet;

static uint32_t little(const unsigned char *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* Bytes of the header: lines that begin with '#' up to #!END-HEADER. */
static mye_status skip_header(const char *name, const unsigned char *p, size_t bytes,
                              size_t *header, mye_error *err)
{
    static const char mark[] = "#!AER-DAT3.1", last[] = "#!END-HEADER";
    size_t at = 0;

    if (bytes < sizeof mark - 1 || memcmp(p, mark, sizeof mark - 1) != 0)
        return mye_fail(err, MYE_ERR_FORMAT,
                        "%s: it does not begin with %s: it is no AEDAT 3.1 file", name, mark);
    while (at < bytes && p[at] == '#') {
        const unsigned char *end = memchr(p + at, '\n', bytes - at);
        if (!end)
            break;
        const bool is_last =
            (size_t)(end - p) - at >= sizeof last - 1 && memcmp(p + at, last, sizeof last - 1) == 0;
        at = (size_t)(end - p) + 1;
        if (is_last) {
            *header = at;
            return MYE_OK;
        }
    }
    return mye_fail(err, MYE_ERR_FORMAT, "%s: its header has no line %s", name, last);
}

static mye_status read_packet(const char *name, const unsigned char *p, size_t bytes, size_t at,
                              packet *out, mye_error *err)
{
    if (bytes - at < HEADER_BYTES)
        return mye_fail(err, MYE_ERR_FORMAT,
                        "%s: it ends within the header of the packet at byte %zu", name, at);
    const unsigned char *h = p + at;
    const uint32_t type = (uint32_t)h[1] << 8 | h[0], size = little(h + 4), offset = little(h + 8);
    const uint32_t overflow = little(h + 12), capacity = little(h + 16), number = little(h + 20);
    const uint64_t length = (uint64_t)size * capacity;

    if (size == 0 || number > capacity || length > bytes - at - HEADER_BYTES)
        return mye_fail(
            err, MYE_ERR_FORMAT,
            "%s: the packet at byte %zu says %u of %u events of %u bytes, but %zu bytes "
            "follow",
            name, at, number, capacity, size, bytes - at - HEADER_BYTES);
    *out = (packet){.at = at,
                    .events = at + HEADER_BYTES,
                    .next = at + HEADER_BYTES + (size_t)length,
                    .number = number,
                    .is_polarity = type == POLARITY};
    if (!out->is_polarity)
        return MYE_OK;
    if (size != POLARITY_BYTES || offset != 4 || overflow > INT32_MAX)
        return mye_fail(
            err, MYE_ERR_FORMAT,
            "%s: the packet at byte %zu has polarity events of %u bytes with the time at "
            "%u and overflow %u, expected 8 bytes, 4, and at most 2^31 - 1",
            name, at, size, offset, overflow);
    out->overflow_us = (int64_t)overflow << 31;
    return MYE_OK;
}

static int64_t time_of(const unsigned char *p, const packet *of, uint32_t i)
{
    const size_t at = of->events + (size_t)i * POLARITY_BYTES;

    return (int64_t)(little(p + at + 4) & 0x7fffffff) + of->overflow_us;
}

/* Times within a packet and from packet to packet ascend, as the format says. */
mye_status mye_aedat3_index(const char *name, const void *data, size_t bytes, int n,
                            const int64_t *start, const int64_t *end, mye_aedat3_span *span,
                            mye_error *err)
{
    const unsigned char *p = data;
    size_t at = 0;

    for (int k = 0; k < n; k++)
        span[k] = (mye_aedat3_span){0, 0};
    MYE_TRY(skip_header(name, p, bytes, &at, err));
    while (at < bytes) {
        packet one;
        MYE_TRY(read_packet(name, p, bytes, at, &one, err));
        at = one.next;
        if (!one.is_polarity || one.number == 0)
            continue;
        const int64_t first = time_of(p, &one, 0), last = time_of(p, &one, one.number - 1);
        for (int k = 0; k < n; k++) {
            if (last < start[k] || first >= end[k])
                continue;
            if (span[k].to == 0)
                span[k].from = one.at;
            span[k].to = one.next;
        }
    }
    return MYE_OK;
}

static mye_status decode_packet(const char *name, const unsigned char *p, const packet *of,
                                int64_t start, int64_t end, int W, int H, mye_events *out,
                                mye_error *err)
{
    MYE_TRY(mye_events_reserve(out, of->number, err));
    for (uint32_t i = 0; i < of->number; i++) {
        const uint32_t bits = little(p + of->events + (size_t)i * POLARITY_BYTES);
        const mye_event event = {.t_us = time_of(p, of, i),
                                 .x = (uint16_t)(bits >> 17),
                                 .y = (uint16_t)(bits >> 2 & 0x7fff),
                                 .polarity = (uint8_t)(bits >> 1 & 1)};
        if (!(bits & 1) || event.t_us < start || event.t_us >= end)
            continue;
        MYE_TRY(mye_events_check(&event, i, name, W, H, err));
        out->event[out->n++] = event;
    }
    return MYE_OK;
}

mye_status mye_aedat3_decode(const char *name, const void *data, size_t bytes, mye_aedat3_span span,
                             int64_t start, int64_t end, int W, int H, mye_events *out,
                             mye_error *err)
{
    const unsigned char *p = data;

    if (span.to > bytes || span.from > span.to)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: it has become shorter since it was opened", name);
    for (size_t at = span.from; at < span.to;) {
        packet one;
        MYE_TRY(read_packet(name, p, span.to, at, &one, err));
        at = one.next;
        if (one.is_polarity)
            MYE_TRY(decode_packet(name, p, &one, start, end, W, H, out, err));
    }
    return mye_events_finish(out, name, err);
}
