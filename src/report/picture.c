/* Images in a page: PNG files as data URIs, made here, so that a page needs nothing but itself. */
#include "report/picture.h"

#include <string.h>
#include <zlib.h>

/* ---- pixels to bytes ---- */

static unsigned char byte_of(float v)
{
    return v <= 0 ? 0 : v >= 1 ? 255 : (unsigned char)(v * 255 + 0.5f);
}

/* Values of pixel i in channel c, summed over the frames. */
static float sum_over_frames(const mye_dataset_info *a, const float *sample, size_t i, int c)
{
    const size_t area = (size_t)a->H * (size_t)a->W, C = (size_t)a->C;
    float sum = 0;
    for (size_t t = 0; t < (size_t)(a->frames > 0 ? a->frames : 1); t++)
        sum += sample[(t * area + i) * C + (size_t)c];
    return sum;
}

/* Rows of RGB, each behind the number of its filter (0: none). Frames are summed: brighter events
 * red, darker ones blue, the largest sum full. Images have their own colours or are grey. */
static void paint(const mye_dataset_info *a, const float *sample, float *rgb, unsigned char *rows)
{
    const size_t area = (size_t)a->H * (size_t)a->W, W = (size_t)a->W;
    const bool events = a->frames > 0, two = events && a->C == 2;
    float most = events ? 1e-9f : 1;
    for (size_t i = 0; i < area; i++)
        for (int c = 0; c < 3; c++) {
            const int from = two ? (c == 0 ? 1 : 0) : a->C >= 3 ? c : 0;
            const float v = two && c == 1 ? 0 : sum_over_frames(a, sample, i, from);
            rgb[3 * i + (size_t)c] = v;
            most = events && v > most ? v : most;
        }
    for (size_t y = 0; y < (size_t)a->H; y++) {
        *rows++ = 0;
        for (size_t k = 0; k < 3 * W; k++)
            *rows++ = byte_of(rgb[3 * y * W + k] / most);
    }
}

/* ---- bytes to a file ---- */

typedef struct bytes {
    unsigned char *at;
    size_t n;
} bytes;

static void put(bytes *b, const void *data, size_t n)
{
    memcpy(b->at + b->n, data, n);
    b->n += n;
}

static void put_number(bytes *b, uint32_t x)
{
    const unsigned char big[4] = {(unsigned char)(x >> 24), (unsigned char)(x >> 16),
                                  (unsigned char)(x >> 8), (unsigned char)x};
    put(b, big, 4);
}

/* A chunk of a PNG file: length, name, data, checksum of the last two. */
static void put_chunk(bytes *b, const char name[5], const unsigned char *data, size_t n)
{
    put_number(b, (uint32_t)n);
    const size_t begin = b->n;
    put(b, name, 4);
    put(b, data, n);
    put_number(b, (uint32_t)crc32(0, b->at + begin, (uInt)(b->n - begin)));
}

static void put_png(bytes *b, const mye_dataset_info *a, const unsigned char *packed, size_t n)
{
    static const unsigned char signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    unsigned char head[13] = {0};
    bytes h = {head, 0};
    put_number(&h, (uint32_t)a->W);
    put_number(&h, (uint32_t)a->H);
    head[8] = 8; /* bits a value */
    head[9] = 2; /* RGB          */
    put(b, signature, sizeof signature);
    put_chunk(b, "IHDR", head, sizeof head);
    put_chunk(b, "IDAT", packed, n);
    put_chunk(b, "IEND", head, 0);
}

static void add_base64(mye_text *out, const unsigned char *p, size_t n)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        const uint32_t x = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) |
                           (i + 2 < n ? p[i + 2] : 0u);
        const char four[4] = {digit[x >> 18], digit[x >> 12 & 63],
                              i + 1 < n ? digit[x >> 6 & 63] : '=',
                              i + 2 < n ? digit[x & 63] : '='};
        mye_text_add_bytes(out, four, 4);
    }
}

void mye_picture_add(mye_text *out, const mye_dataset_info *a, const float *sample)
{
    const size_t area = (size_t)a->H * (size_t)a->W, raw = 3 * area + (size_t)a->H;
    uLongf packed = compressBound((uLong)raw);
    float *rgb = mye_alloc_array(out->ctx, 3 * area, sizeof(*rgb));
    unsigned char *rows = mye_alloc(out->ctx, raw), *squeezed = mye_alloc(out->ctx, packed);
    bytes file = {mye_alloc(out->ctx, packed + 128), 0};
    bool ok = rgb && rows && squeezed && file.at;
    if (ok) {
        paint(a, sample, rgb, rows);
        ok = compress2(squeezed, &packed, rows, (uLong)raw, 9) == Z_OK;
    }
    if (ok) {
        put_png(&file, a, squeezed, packed);
        mye_text_add(out, "data:image/png;base64,");
        add_base64(out, file.at, file.n);
    }
    out->failed = out->failed || !ok;
    mye_free(out->ctx, file.at);
    mye_free(out->ctx, squeezed);
    mye_free(out->ctx, rows);
    mye_free(out->ctx, rgb);
}
