/* Decompression of gzip files and zip entries (zlib), with sizes known beforehand. */
#ifndef MYE_INFLATE_H
#define MYE_INFLATE_H

#include "base/base.h"

typedef enum mye_inflate_format { MYE_INFLATE_GZIP, MYE_INFLATE_RAW } mye_inflate_format;

/* Deflate cannot expand more than about 1032 times: a bound for sizes that a file claims. */
#define MYE_INFLATE_RATIO 1032

bool mye_is_gzip(const void *data, size_t bytes);

/* The first `want` bytes of the stream; false when there are fewer or the stream is damaged. */
bool mye_inflate_head(mye_inflate_format format, const void *data, size_t bytes, void *out,
                      size_t want);
/* Exactly `want` bytes followed by the stream's end and nothing else. `name` is for the message. */
mye_status mye_inflate_exact(mye_inflate_format format, const char *name, const void *data,
                             size_t bytes, void *out, size_t want, mye_error *err);

#endif
