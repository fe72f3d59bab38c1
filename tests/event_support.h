/* What the tests of event data share: files of each format, byte by byte from their definitions. */
#ifndef MYE_EVENT_SUPPORT_H
#define MYE_EVENT_SUPPORT_H

#include "data/event_set.h"
#include "data_support.h"

/* Bytes that grow; one at a time is enough for small files. */
typedef struct bytes {
    unsigned char data[1 << 16];
    size_t n;
} bytes;

static inline void put(bytes *b, const void *data, size_t n)
{
    assert_true(b->n + n <= sizeof b->data);
    memcpy(b->data + b->n, data, n);
    b->n += n;
}

static inline void put_text(bytes *b, const char *text)
{
    put(b, text, strlen(text));
}

static inline void put_big(bytes *b, uint32_t value, int size)
{
    for (int k = size - 1; k >= 0; k--)
        put(b, &(unsigned char){(unsigned char)(value >> (8 * k))}, 1);
}

static inline void put_little(bytes *b, uint32_t value, int size)
{
    for (int k = 0; k < size; k++)
        put(b, &(unsigned char){(unsigned char)(value >> (8 * k))}, 1);
}

/* One event of an ATIS file. */
static inline void put_atis(bytes *b, int x, int y, int polarity, uint32_t t_us)
{
    put_big(b, (uint32_t)x, 1);
    put_big(b, (uint32_t)y, 1);
    put_big(b, (uint32_t)polarity << 23 | t_us, 3);
}

/* One event of an AEDAT 2.0 file, by the address of a DVS128. */
static inline void put_aedat2(bytes *b, int high, int low, int is_darker, uint32_t t_us)
{
    put_big(b, (uint32_t)(high << 8 | low << 1 | is_darker), 4);
    put_big(b, t_us, 4);
}

static const char aedat2_header[] =
    "#!AER-DAT2.0\r\n# This is a raw AE data file\r\n# a comment\r\n";
static const char aedat3_header[] = "#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n"
                                    "#!END-HEADER\r\n";

static inline void put_aedat3_packet(bytes *b, int type, int size, uint32_t overflow, int number)
{
    put_little(b, (uint32_t)type, 2);
    put_little(b, 1, 2);
    put_little(b, (uint32_t)size, 4);
    put_little(b, 4, 4);
    put_little(b, overflow, 4);
    put_little(b, (uint32_t)number, 4);
    put_little(b, (uint32_t)number, 4);
    put_little(b, (uint32_t)number, 4);
}

static inline void put_aedat3(bytes *b, int x, int y, int polarity, int is_valid, uint32_t t_us)
{
    put_little(
        b, (uint32_t)x << 17 | (uint32_t)y << 2 | (uint32_t)polarity << 1 | (uint32_t)is_valid, 4);
    put_little(b, t_us, 4);
}

/* n events at random places and times of a W x H camera, sorted. */
static inline void random_events(mye_events *events, uint64_t seed, size_t n, int W, int H,
                                 int64_t span_us)
{
    for (size_t i = 0; i < n; i++) {
        const uint64_t k = 4 * i;
        const mye_event event = {
            .t_us = (int64_t)mye_random_below(seed, MYE_STREAM_TEST, k, (uint64_t)span_us),
            .x = (uint16_t)mye_random_below(seed, MYE_STREAM_TEST, k + 1, (uint64_t)W),
            .y = (uint16_t)mye_random_below(seed, MYE_STREAM_TEST, k + 2, (uint64_t)H),
            .polarity = (uint8_t)mye_random_below(seed, MYE_STREAM_TEST, k + 3, 2)};
        ASSERT_OK(mye_events_add(events, &event, &err));
    }
    ASSERT_OK(mye_events_finish(events, "random", &err));
}

static inline double sum_of(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i];
    return sum;
}

/* A small N-MNIST: in each split `n` recordings of each digit d, whose events lie on row 3 d. */
static inline const char *small_nmnist(const char *name, int n)
{
    static const char *const split[] = {"Train", "Test"};
    const char *dir = fresh_dir(name);
    char path[1200];

    for (int s = 0; s < 2; s++)
        for (int d = 0; d < 10; d++) {
            snprintf(path, sizeof path, "%s/%s/%d", dir, split[s], d);
            ASSERT_OK(mye_dir_make(path, &err));
            for (int i = 0; i < n; i++) {
                static bytes file;
                file.n = 0;
                for (int k = 0; k < 40 + i; k++)
                    put_atis(&file, (7 * k + i) % 34, 3 * d + k % 3, k % 2, (uint32_t)(1000 * k));
                snprintf(path, sizeof path, "%s/%s/%d/%05d.bin", dir, split[s], d, i + 1);
                write_file(path, file.data, file.n);
            }
        }
    return dir;
}

/* ---- data sets ---- */

static inline mye_dataset *open_steps(mye_context *ctx, const char *text, const char *dir,
                                      const char *split, int T)
{
    mye_dataset *data = NULL;

    ASSERT_OK(mye_dataset_open_steps(ctx, text, dir, split, T, &data, &err));
    return data;
}

/* Reads every sample: counts are as many as events, labels in range. Returns all events. */
static inline double check_all(const mye_dataset *data)
{
    const mye_dataset_info *info = mye_dataset_about(data);
    const size_t size = mye_dataset_sample_size(info);
    float *frames = malloc(size * sizeof *frames);
    double all = 0;

    assert_non_null(frames);
    for (int64_t i = 0; i < info->n; i++) {
        mye_recording_info about;
        int label = -1;
        ASSERT_OK(mye_dataset_read(data, i, frames, &label, &err));
        ASSERT_OK(mye_dataset_recording(data, i, &about, &err));
        assert_in_range(label, 0, info->classes - 1);
        assert_true(sum_of(frames, size) == (double)(about.events - about.dropped));
        all += (double)about.events;
    }
    free(frames);
    return all;
}

static inline void close_checked(mye_context *ctx, mye_dataset *data)
{
    assert_int_equal(mye_dataset_bytes(data), mye_context_live_bytes(ctx));
    mye_dataset_free(data);
    assert_int_equal(mye_context_live_bytes(ctx), 0);
}

/* Every allocation that can fail does, once: an error or nothing, and no block is lost. */
static inline void check_without_memory(const char *text, const char *dir)
{
    for (long n = 1;; n++) {
        failing f = {0, 0, 0};
        mye_context *ctx = make_context(&f);
        const long blocks = f.blocks;
        mye_dataset *data = NULL;
        static float frames[1 << 18];
        int label;
        f.calls = 0;
        f.fail_at = n;
        mye_status st = mye_dataset_open_steps(ctx, text, dir, "train", 2, &data, NULL);
        if (st == MYE_OK) {
            assert_true(mye_dataset_sample_size(mye_dataset_about(data)) <= 1 << 18);
            st = mye_dataset_read(data, 0, frames, &label, NULL);
        }
        mye_dataset_free(data);
        assert_int_equal(f.blocks, blocks);
        mye_context_free(ctx);
        if (f.calls < n) {
            assert_int_equal(st, MYE_OK);
            return;
        }
        assert_true(st == MYE_ERR_NOMEM || st == MYE_OK);
        assert_true(n < 1000);
    }
}

#endif
