/*
 * The base: memory, threads, random numbers, text and files. Knows nothing of networks.
 * Everything here is internal; the public side is myelin/error.h, context.h and registry.h.
 */
#ifndef MYE_BASE_H
#define MYE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "myelin/context.h"
#include "myelin/error.h"
#include "myelin/registry.h"

#define MYE_ALIGN     64
#define MYE_UNUSED(x) ((void)(x))

/* ---- memory (alloc.c) ---- */

/* Zeroed, 64-byte aligned memory from the context's allocator; NULL when there is none (a size of
 * 0 gives a valid block). In all of these a ctx of NULL means the system's allocator, uncounted. */
void *mye_alloc(mye_context *ctx, size_t bytes);
/* The same for count * size with overflow check. */
void *mye_alloc_array(mye_context *ctx, size_t count, size_t size);
/* As mye_alloc, but not zeroed and advised to use huge pages: for arenas. */
void *mye_alloc_big(mye_context *ctx, size_t bytes);
void *mye_alloc_big_zero(mye_context *ctx, size_t bytes);
/* New block of `bytes` with the first min(old, bytes) kept and the rest zeroed; the old block is
 * freed on success and untouched on failure. */
void *mye_grow(mye_context *ctx, void *block, size_t old_bytes, size_t bytes);
void mye_free(mye_context *ctx, void *block);
char *mye_strdup(mye_context *ctx, const char *text);
/* MYE_ERR_NOMEM with a sentence naming `what`. */
mye_status mye_no_memory(mye_error *err, size_t bytes, const char *what);

/*
 * Arena: one block, handed out front to back. With base NULL it only counts, so the same code runs
 * once to count and once for real. Blocks are 64-byte aligned. In AddressSanitizer builds blocks
 * are separated by poisoned gaps, in count and real mode alike.
 */
typedef struct mye_arena {
    unsigned char *base; /* NULL: count only */
    size_t cap, used;    /* bytes */
} mye_arena;

void *mye_arena_take(mye_arena *arena, size_t bytes); /* NULL in count mode */

/* ---- random numbers (rng.c): Philox4x32-10, value = f(seed, stream, index) ---- */

typedef enum mye_stream {
    MYE_STREAM_INIT = 1, /* index: (parameter << 40) + element                         */
    MYE_STREAM_SHUFFLE,  /* index: (epoch << 40) + position                            */
    MYE_STREAM_AUGMENT,  /* index: ((epoch << 32) + sample) << 8 + draw                 */
    MYE_STREAM_ENCODE,
    MYE_STREAM_DROPOUT,
    MYE_STREAM_METHOD, /* the method's own choice                                     */
    MYE_STREAM_TEST
} mye_stream;

/* Four 32-bit words for one (seed, stream, index). Pure. */
void mye_random_block(uint64_t seed, uint64_t stream, uint64_t index, uint32_t out[4]);
uint64_t mye_random_u64(uint64_t seed, uint64_t stream, uint64_t index);
float mye_random_uniform(uint64_t seed, uint64_t stream, uint64_t index); /* [0, 1), 24 bits */
float mye_random_normal(uint64_t seed, uint64_t stream, uint64_t index);  /* Box-Muller     */
uint64_t mye_random_below(uint64_t seed, uint64_t stream, uint64_t index, uint64_t n); /* n > 0 */
/* A well-mixed new seed from a seed and a tag, for sub-streams. */
uint64_t mye_random_derive(uint64_t seed, uint64_t tag);
/* Fisher-Yates permutation of 0..n-1 into out, a pure function of (seed, stream, index). */
void mye_random_permutation(uint64_t seed, uint64_t stream, uint64_t index, int64_t n,
                            int64_t *out);

/* ---- threads (pool.c) ---- */

/*
 * Runs task(arg, shard, lane) for every shard in [0, n_shards); returns when all are done. Which
 * thread runs which shard is not fixed, so a shard must write only what belongs to it; the number
 * of shards must depend on the problem, never on the number of threads. `lane` in
 * [0, mye_context_threads) names the thread: use it for scratch only. Not reentrant.
 */
typedef void (*mye_task)(void *arg, int shard, int lane);
void mye_parallel(mye_context *ctx, int n_shards, mye_task task, void *arg);

/* Bump allocator of one thread's scratch. Take, and put back by restoring `used`. */
typedef struct mye_lane {
    unsigned char *base;
    size_t cap, used;
} mye_lane;

/* Asserts that there is room: lane sizes are planned. 64-byte aligned, not zeroed. */
void *mye_lane_take(mye_lane *lane, size_t bytes);

/* ---- text (text.c) ---- */

/* The candidate nearest to `word` by edit distance, or NULL when none is near (distance at most
 * 2, or a third of the length). `candidate(arg, i)` returns NULL after the last. */
const char *mye_nearest(const char *word, const char *(*candidate)(const void *arg, size_t i),
                        const void *arg);
bool mye_parse_int(const char *text, int64_t *out);   /* whole text, no overflow */
bool mye_parse_double(const char *text, double *out); /* whole text, C locale, finite or inf */
bool mye_parse_bytes(const char *text, int64_t *out); /* 512M, 2G, 1.5GiB, 1024 (binary units) */
bool mye_parse_bool(const char *text, bool *out);
/* "1.50 GiB", "512 B"; out holds at least 32 chars. Returns out. */
char *mye_format_bytes(uint64_t bytes, char *out, size_t size);
/* Shortest decimal text that strtod reads back to the same double. Returns out. */
char *mye_format_double(double value, char *out, size_t size);
/* Growing text buffer. On failure `failed` is set and later calls do nothing. */
typedef struct mye_text {
    mye_context *ctx;
    char *data; /* NUL-terminated once anything was added */
    size_t length, cap;
    bool failed;
} mye_text;
void mye_text_add(mye_text *text, const char *format, ...) MYE_PRINTF(2, 3);
void mye_text_add_bytes(mye_text *text, const void *bytes, size_t n);
void mye_text_free(mye_text *text);

/* ---- files (file.c) ---- */

/* Whole file into memory (one extra NUL byte after the end). Refuses files over max_bytes. */
mye_status mye_file_read(mye_context *ctx, const char *path, size_t max_bytes, void **data,
                         size_t *bytes, mye_error *err);
bool mye_file_exists(const char *path);
bool mye_dir_exists(const char *path);
/* mkdir -p. */
mye_status mye_dir_make(const char *path, mye_error *err);
/* Atomic file: written to PATH.tmp, then flushed, fsynced and renamed by commit. */
typedef struct mye_file mye_file;
mye_status mye_file_create(mye_context *ctx, const char *path, mye_file **out, mye_error *err);
mye_status mye_file_write(mye_file *file, const void *data, size_t bytes, mye_error *err);
mye_status mye_file_commit(mye_file *file, mye_error *err); /* frees in any case */
void mye_file_abandon(mye_file *file);                      /* removes PATH.tmp; NULL is fine */
/* Whether PATH can be made, before long work whose result goes there. Leaves nothing. */
mye_status mye_file_probe(mye_context *ctx, const char *path, mye_error *err);
uint32_t mye_crc32c(uint32_t crc, const void *data, size_t bytes); /* start with 0 */
double mye_now_s(void);                                            /* monotonic seconds */

/* ---- configuration (config.c, libyaml) ---- */

/*
 * A parsed YAML document: mappings, sequences and scalars with their line and column. All scalars
 * are text; types come from parameter tables. Anchors, aliases and tags are refused, and so are
 * duplicate keys, documents over 1 MiB, nesting over 32 and more than 10000 values. An empty
 * document is an empty mapping.
 */
typedef enum mye_yaml_type { MYE_YAML_SCALAR, MYE_YAML_SEQUENCE, MYE_YAML_MAPPING } mye_yaml_type;
typedef struct mye_yaml {
    mye_yaml_type type;
    int line, column;       /* from 1; a mapping's value has its key's    */
    const char *text;       /* SCALAR: the value                          */
    int n;                  /* children                                   */
    struct mye_yaml *child; /* SEQUENCE: items; MAPPING: values           */
    const char **key;       /* MAPPING: keys                              */
    const char *source;     /* name of the file, for messages             */
} mye_yaml;

mye_status mye_yaml_parse(mye_context *ctx, const char *source, const char *text, size_t bytes,
                          mye_yaml **out, mye_error *err);
mye_status mye_yaml_read(mye_context *ctx, const char *path, mye_yaml **out, mye_error *err);
void mye_yaml_free(mye_context *ctx, mye_yaml *root);
/* Value of a key of a mapping, or NULL. */
const mye_yaml *mye_yaml_get(const mye_yaml *mapping, const char *key);
/* Applies a mapping to an options struct. Unknown keys: error with file:line:column and the
 * nearest known key. A METHOD value may be a scalar "sgd:lr=0.1" or a mapping {name: sgd, lr: 0.1}.
 * Keys for which `skip(key)` is true (may be NULL) are left alone. */
mye_status mye_yaml_apply(const mye_yaml *mapping, const mye_param *params, void *options,
                          bool (*skip)(const char *key), mye_error *err);
/* Error at a node: "FILE:LINE:COLUMN: sentence". */
mye_status mye_yaml_fail(const mye_yaml *at, mye_error *err, const char *format, ...)
    MYE_PRINTF(3, 4);

/* The kernel table that the context chose (src/kernel/kernel.h). */
struct mye_kernels;
const struct mye_kernels *mye_context_table(const mye_context *ctx);
/* The way (mye_conv_way) that layers are forced to, or MYE_CONV_ANY. */
int mye_context_way(const mye_context *ctx);

#endif
