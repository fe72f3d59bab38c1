/* Decompression with zlib in bounded steps: zlib counts in unsigned int, files do not. */
#include <limits.h>
#include <string.h>
#include <zlib.h>

#include "data/inflate.h"

typedef struct stream {
    z_stream z;
    const unsigned char *in;
    size_t in_left;
    unsigned char *out;
    size_t out_left;
} stream;

static bool stream_open(stream *s, mye_inflate_format format, const void *data, size_t bytes,
                        void *out, size_t want)
{
    memset(s, 0, sizeof *s);
    s->in = data;
    s->in_left = bytes;
    s->out = out;
    s->out_left = want;
    return inflateInit2(&s->z, format == MYE_INFLATE_GZIP ? 16 + MAX_WBITS : -MAX_WBITS) == Z_OK;
}

/* Runs until the output is full or the stream ends. Returns zlib's last code. */
static int stream_run(stream *s)
{
    int code = Z_OK;

    while (code == Z_OK && (s->out_left > 0 || s->z.avail_out > 0)) {
        if (s->z.avail_in == 0 && s->in_left > 0) {
            s->z.next_in = (z_const Bytef *)(uintptr_t)s->in;
            s->z.avail_in = s->in_left < INT_MAX ? (uInt)s->in_left : INT_MAX;
            s->in += s->z.avail_in;
            s->in_left -= s->z.avail_in;
        }
        if (s->z.avail_out == 0) {
            s->z.next_out = s->out;
            s->z.avail_out = s->out_left < INT_MAX ? (uInt)s->out_left : INT_MAX;
            s->out += s->z.avail_out;
            s->out_left -= s->z.avail_out;
        }
        code = inflate(&s->z, Z_NO_FLUSH);
    }
    return code;
}

bool mye_is_gzip(const void *data, size_t bytes)
{
    const unsigned char *p = data;

    return bytes >= 2 && p[0] == 0x1f && p[1] == 0x8b;
}

bool mye_inflate_head(mye_inflate_format format, const void *data, size_t bytes, void *out,
                      size_t want)
{
    stream s;
    int code;

    if (!stream_open(&s, format, data, bytes, out, want))
        return false;
    code = stream_run(&s);
    const bool full = s.out_left == 0 && s.z.avail_out == 0;
    inflateEnd(&s.z);
    return full && (code == Z_OK || code == Z_STREAM_END);
}

mye_status mye_inflate_exact(mye_inflate_format format, const char *name, const void *data,
                             size_t bytes, void *out, size_t want, mye_error *err)
{
    stream s;
    unsigned char extra;
    int code;
    size_t got, rest;

    if (!stream_open(&s, format, data, bytes, out, want))
        return mye_no_memory(err, 0, "zlib");
    code = stream_run(&s);
    got = want - s.out_left - s.z.avail_out;
    if (code == Z_OK && got == want) {
        /* One byte of room more: a longer stream would fill it, a good one ends and is checked. */
        s.out = &extra;
        s.out_left = 1;
        s.z.avail_out = 0;
        code = stream_run(&s);
        if (s.z.avail_out == 0 && s.out_left == 0)
            got++;
    }
    rest = s.in_left + s.z.avail_in;
    inflateEnd(&s.z);
    if (code == Z_MEM_ERROR)
        return mye_no_memory(err, 0, "zlib");
    if (got > want)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: expected %zu bytes inside, got more", name, want);
    if (code == Z_DATA_ERROR || code == Z_NEED_DICT || code == Z_STREAM_ERROR)
        return mye_fail(err, MYE_ERR_FORMAT,
                        "%s: the compressed data is damaged after %zu of %zu bytes", name, got,
                        want);
    if (code != Z_STREAM_END || got < want)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: expected %zu bytes inside, it ends after %zu",
                        name, want, got);
    if (rest > 0)
        return mye_fail(err, MYE_ERR_FORMAT, "%s: %zu bytes follow after the end of its data", name,
                        rest);
    return MYE_OK;
}
