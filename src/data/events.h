/*
 * Events: what an event camera (or a cochlea) records. A recording is one array, sorted by time.
 * Parsers work on memory and treat every byte as hostile.
 */
#ifndef MYE_EVENTS_H
#define MYE_EVENTS_H

#include "base/base.h"

/* No recording may be longer: 2^40 us are 12 days. It keeps products with the number of frames exact. */
#define MYE_EVENTS_SPAN_MAX ((int64_t)1 << 40)

typedef struct mye_event {
    int64_t t_us;
    uint16_t x, y;    /* column and row; a unit of a cochlea is x, with y = 0 */
    uint8_t polarity; /* 0: darker, 1: brighter                              */
} mye_event;

typedef struct mye_events {
    mye_context *ctx;
    mye_event *event;
    size_t n, capacity;
} mye_events;

/* Makes room for `more` events beside those that are there. */
mye_status mye_events_reserve(mye_events *events, size_t more, mye_error *err);
/* Adds one; room is made when there is none. */
mye_status mye_events_add(mye_events *events, const mye_event *event, mye_error *err);
/*
 * What every reader ends with: sorts by time where the file did not (stable), and refuses an empty
 * recording, or one that is too long. `name` is for messages.
 */
mye_status mye_events_finish(mye_events *events, const char *name, mye_error *err);
/* Most that decoding a file takes: the file, its events of so many bytes each, and as many to sort. */
size_t mye_events_read_bytes(size_t file_bytes, size_t event_bytes);
/* From the first event to the last; 0 for less than two. */
int64_t mye_events_duration(const mye_events *events);
void mye_events_free(mye_events *events);

/* Refuses an event outside of W x H: the file is damaged, or of another camera. */
mye_status mye_events_check(const mye_event *event, size_t index, const char *name, int W, int H,
                            mye_error *err);

/* ---- file formats: each adds the events of a whole file in memory and finishes ---- */

/*
 * ATIS .bin as in N-MNIST and N-Caltech101 (Orchard et al. 2015): 5 bytes an event, x, y, then 24
 * bits, high bit first: polarity and 23 bits of microseconds. An event with y = 240 is no event: it
 * says that the camera's clock has overflown, and all later times count 2^13 us more (as in the
 * authors' reader).
 */
mye_status mye_atis_decode(const char *name, const void *data, size_t bytes, int W, int H,
                           mye_events *out, mye_error *err);

/*
 * AEDAT 2.0 of a DVS128 (jAER): header lines that begin with '#', then big-endian pairs of address and
 * microseconds, 32 bits each. Address: bit 0 is 1 for darker, bits 1..7 and 8..14 the place. As in
 * the usual readers of CIFAR10-DVS, column = 127 - bits 8..14, row = 127 - bits 1..7.
 * Addresses with bit 15 or above set are special events, such as synchronisation, and passed over.
 */
mye_status mye_aedat2_decode(const char *name, const void *data, size_t bytes, mye_events *out,
                             mye_error *err);

/* Packets of an AEDAT 3.1 file that hold the times of an interval. */
typedef struct mye_aedat3_span {
    size_t from, to; /* bytes of the file; both 0: none */
} mye_aedat3_span;

/*
 * AEDAT 3.1 (iniVation): header lines that end with #!END-HEADER, then packets: 28 bytes little-endian
 * (type, source: 16 bits; size, time offset, time overflow, capacity, number, valid: 32 bits), then
 * `capacity` events of `size` bytes. Type 1 is polarity: 32 bits with valid (bit 0), polarity (1),
 * y (2..16), x (17..31), then 31 bits of microseconds, to which the packet's overflow adds
 * multiples of 2^31. Other types are passed over, and so are events that are not valid.
 *
 * index: reads packet headers only; span[k] becomes the packets that may hold events of
 * [start[k], end[k]). decode: adds the events of a span with times in [start, end), and finishes.
 */
mye_status mye_aedat3_index(const char *name, const void *data, size_t bytes, int n,
                            const int64_t *start, const int64_t *end, mye_aedat3_span *span,
                            mye_error *err);
mye_status mye_aedat3_decode(const char *name, const void *data, size_t bytes, mye_aedat3_span span,
                             int64_t start, int64_t end, int W, int H, mye_events *out,
                             mye_error *err);

#endif
