/*
 * Forward convolution with 8-bit weights over spikes. The bits of a block of input rows are spread
 * to bytes, zero-padded, in the thread's scratch; then each panel of TILE_COLS output channels meets
 * all points of the block, the whole sum of a tile in registers. A row of the window is contiguous
 * in the scratch (taps x channels); what the last of its steps of four reads too much meets weights
 * of 0.
 *
 * Packed: for each panel the scales of its channels; then for each panel [kh][steps][TILE_COLS][4].
 */
#include "kernel/int8.h"
#include "kernel/vec/vec.h"

#define SCRATCH_BYTES (256 << 10) /* beside a panel's weights in the second-level cache     */
#define MAX_POINTS    1024        /* output points of a block                               */
#define SHARD_MACS    8e6         /* less work is not worth a shard of its own, up to ...   */
#define MIN_SHARDS    8           /* ... so many                                            */

#define SPARSE 0.08 /* share of inputs below which steps of 0 are left out (measured) */

typedef struct int8_plan {
    const mye_conv_shape *s;
    int panels, steps; /* of TILE_COLS channels; of four inputs, in a row of the window   */
    int pad_w;         /* columns of the padded input                                     */
    int group, band;   /* images, and rows of output, of a block                          */
    int groups, bands; /* blocks: groups x bands, each shared out to `splits` shards      */
    int splits;
} int8_plan;

typedef struct int8_job {
    mye_run_lanes r;
    int8_plan plan;
    int64_t n;
    mye_images x;
    const float *packed, *bias;
    float *y;
    bool wide;
    const mye_conv_done *done;
} int8_job;

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

static int shares(int n, int size)
{
    return (n + size - 1) / size;
}

/* ---- plan ---- */

static int64_t row_bytes(const int8_plan *p)
{
    return (int64_t)p->pad_w * p->s->C;
}

/* Rows of input that `band` rows of output read. */
static int band_rows(const int8_plan *p, int band)
{
    return (band - 1) * p->s->sh + p->s->kh;
}

static int64_t image_bytes(const int8_plan *p, int band)
{
    return band_rows(p, band) * row_bytes(p);
}

/* The largest block of any number of images. */
static int8_plan plan_most(const mye_conv_shape *s)
{
    int8_plan p = {.s = s,
                   .panels = shares(s->O, TILE_COLS),
                   .steps = (int)(((int64_t)s->kw * s->C + 3) / 4),
                   .pad_w = max_int(s->pw + s->W, (s->OW - 1) * s->sw + s->kw),
                   .group = 1,
                   .band = s->OH};
    const int64_t whole = image_bytes(&p, s->OH), points = (int64_t)s->OH * s->OW;
    if (whole <= SCRATCH_BYTES && points <= MAX_POINTS) {
        const int64_t fit = SCRATCH_BYTES / whole;
        p.group = (int)(fit < MAX_POINTS / points ? fit : MAX_POINTS / points);
        return p;
    }
    p.band = max_int(min_int(s->OH, MAX_POINTS / s->OW), 1);
    while (p.band > 1 && image_bytes(&p, p.band) > SCRATCH_BYTES)
        p.band = (p.band + 1) / 2;
    return p;
}

static double products(const mye_conv_shape *s, int64_t n, int panels, int steps)
{
    return 4.0 * (double)n * s->OH * s->OW * s->kh * steps * panels * TILE_COLS;
}

/* The plan for n > 0 images: enough shards, first by output channels, which shares the weights out,
 * then by smaller blocks. */
static int8_plan plan_fit(const mye_conv_shape *s, int64_t n)
{
    int8_plan p = plan_most(s);
    const double share = products(s, n, p.panels, p.steps) / SHARD_MACS;
    const int want = share > MIN_SHARDS ? MIN_SHARDS : 1 + (int)share;
    p.groups = shares((int)n, p.group);
    p.bands = shares(s->OH, p.band);
    p.splits = min_int(shares(want, p.groups * p.bands), p.panels);
    const int blocks = shares(want, p.splits);
    p.groups = min_int(max_int(p.groups, blocks), (int)n);
    p.group = shares((int)n, p.groups);
    p.groups = shares((int)n, p.group);
    p.bands = min_int(max_int(p.bands, shares(blocks, p.groups)), s->OH);
    p.band = shares(s->OH, p.bands);
    p.bands = shares(s->OH, p.band);
    return p;
}

/* The input, and what the last step reads too much. */
static size_t scratch_bytes(const int8_plan *p)
{
    return (size_t)p->group * (size_t)image_bytes(p, p->band) + 3;
}

/* Entries of a list of steps. */
static size_t list_size(const int8_plan *p)
{
    return (size_t)p->s->kh * (size_t)p->steps + INT8_SLACK;
}

static ptrdiff_t panel_bytes(const int8_plan *p)
{
    return (ptrdiff_t)p->s->kh * p->steps * 4 * TILE_COLS;
}

/* ---- spikes to bytes ---- */

/* Bits [first, first + 64) of which n are wanted; never reads a word that holds none of these. */
static uint64_t word_at(const uint64_t *bits, int64_t first, int64_t n)
{
    const int shift = (int)(first % 64);
    const uint64_t low = bits[first / 64] >> shift;
    return shift > 0 && n > 64 - shift ? low | bits[first / 64 + 1] << (64 - shift) : low;
}

/* dst[i] = bit first + i, for n of them. */
static void spread(const uint64_t *bits, int64_t first, int64_t n, uint8_t *dst)
{
    for (int64_t i = 0; i < n; i += 64) {
        const uint64_t word = word_at(bits, first + i, n - i);
        const int m = n - i < 64 ? (int)(n - i) : 64;
#if defined(__AVX512F__)
        const __mmask64 wanted = ~(__mmask64)0 >> (64 - m);
        _mm512_mask_storeu_epi8(dst + i, wanted, _mm512_maskz_set1_epi8(word, 1));
#else
        for (int b = 0; b < m; b += 8) {
            /* Byte k keeps bit k of the eight, and is brought to its place 0. */
            const uint64_t each = (word >> b & 255) * 0x0101010101010101u & 0x8040201008040201u;
            const uint64_t bytes = (each + 0x7f7f7f7f7f7f7f7fu) >> 7 & 0x0101010101010101u;
            memcpy(dst + i + b, &bytes, (size_t)min_int(m - b, 8));
        }
#endif
    }
}

/* Input rows [lo, lo + rows) of one image, zero where outside it. */
static void read_rows(const int8_plan *p, const uint64_t *bits, int lo, int rows, uint8_t *dst)
{
    const mye_conv_shape *s = p->s;
    const int64_t pitch = row_bytes(p), row = (int64_t)s->W * s->C, left = (int64_t)s->pw * s->C;
    for (int h = lo; h < lo + rows; h++, dst += pitch) {
        if (h < 0 || h >= s->H) {
            memset(dst, 0, (size_t)pitch);
            continue;
        }
        memset(dst, 0, (size_t)left);
        spread(bits, h * row, row, dst + left);
        memset(dst + left + row, 0, (size_t)(pitch - left - row));
    }
}

/* ---- tiles ---- */

typedef struct int8_block {
    mye_conv_block out;
    const uint8_t *scratch;
    int rows; /* of input, of an image in scratch */
} int8_block;

/* An output point of the block: where it reads and writes. */
typedef struct int8_point {
    const uint8_t *a;
    float *y;
    int c, q; /* column, row of the band */
} int8_point;

/* To the next column, or row, or image. */
static void next_point(const int8_plan *p, const int8_block *b, int8_point *at)
{
    const mye_conv_shape *s = p->s;
    const int band = b->out.h1 - b->out.h0;
    at->a += (ptrdiff_t)s->sw * s->C;
    at->y += s->O;
    if (++at->c < s->OW)
        return;
    at->c = 0;
    at->a += s->sh * row_bytes(p) - (int64_t)s->OW * s->sw * s->C;
    if (++at->q < band)
        return;
    at->q = 0;
    at->a += (b->rows - (int64_t)band * s->sh) * row_bytes(p);
    at->y += (int64_t)(s->OH - band) * s->OW * s->O;
}

static const int8_t *weights_of(const int8_job *j, int panel)
{
    const int8_t *first = (const int8_t *)(j->packed + (ptrdiff_t)j->plan.panels * TILE_COLS);
    return first + panel * panel_bytes(&j->plan);
}

static mye_int8_out outputs_from(const int8_job *j, int column)
{
    return (mye_int8_out){j->packed + column, j->bias ? j->bias + column : NULL};
}

static int8_point first_point(const int8_job *j, const int8_block *b, int column)
{
    const mye_conv_shape *s = j->plan.s;
    float *y = j->y + (b->out.i0 * s->OH + b->out.h0) * s->OW * s->O + column;
    return (int8_point){.a = b->scratch, .y = y};
}

static int64_t count_points(const int8_job *j, const int8_block *b)
{
    return (b->out.i1 - b->out.i0) * (b->out.h1 - b->out.h0) * j->plan.s->OW;
}

static void run_tile(const int8_job *j, const mye_int8_tile *t)
{
#if defined(__AVX512F__)
    if (j->wide) {
        MYE_VEC(int8_tile_wide)(t);
        return;
    }
#endif
    MYE_UNUSED(j);
    MYE_VEC(int8_tile)(t);
}

static void run_panel(const int8_job *j, const int8_block *b, int panel)
{
    const int8_plan *p = &j->plan;
    const mye_conv_shape *s = p->s;
    const int column = panel * TILE_COLS;
    const int64_t points = count_points(j, b);
    const int64_t tiles = (points + TILE_ROWS - 1) / TILE_ROWS;
    mye_int8_tile t = {.pitch = row_bytes(p),
                       .width = min_int(s->O - column, TILE_COLS),
                       .segs = s->kh,
                       .n = p->steps,
                       .b = weights_of(j, panel),
                       .out = outputs_from(j, column)};
    int8_point at = first_point(j, b, column);
    for (int64_t i = 0, done = 0; i < tiles; i++) {
        t.rows = (int)(points * (i + 1) / tiles - done); /* tiles of nearly equal height */
        done += t.rows;
        for (int r = 0; r < t.rows; r++) {
            t.a[r] = at.a;
            t.y[r] = at.y;
            next_point(p, b, &at);
        }
        run_tile(j, &t);
    }
}

/* Few inputs spike: point by point, for up to INT8_PANELS panels together. */
static void run_sparse(const int8_job *j, const int8_block *b, int panel0, int panel1,
                       mye_lane *lane)
{
    const int8_plan *p = &j->plan;
    const int64_t points = count_points(j, b);
    mye_int8_sparse t = {.pitch = row_bytes(p),
                         .panel = panel_bytes(p),
                         .segs = p->s->kh,
                         .n = p->steps,
                         .step = mye_lane_take(lane, list_size(p) * sizeof *t.step),
                         .four = mye_lane_take(lane, list_size(p) * sizeof *t.four)};
    for (int panel = panel0; panel < panel1; panel += INT8_PANELS) {
        const int column = panel * TILE_COLS, end = min_int(panel + INT8_PANELS, panel1);
        int8_point at = first_point(j, b, column);
        t.width = min_int(end * TILE_COLS, p->s->O) - column;
        t.b = weights_of(j, panel);
        t.out = outputs_from(j, column);
        for (int64_t i = 0; i < points; i++, next_point(p, b, &at)) {
            t.a = at.a;
            t.y = at.y;
#if defined(__AVX512F__)
            if (j->wide) {
                MYE_VEC(int8_sparse_wide)(&t);
                continue;
            }
#endif
            MYE_VEC(int8_sparse)(&t);
        }
    }
}

/* Is it faster to look for the steps that are not 0? */
static bool is_sparse(const int8_job *j, const int8_block *b)
{
    const mye_conv_shape *s = j->plan.s;
    const int64_t size = (int64_t)s->H * s->W * s->C;
    int64_t set = 0;
    for (int64_t i = b->out.i0; i < b->out.i1; i++) {
        const uint64_t *bits = j->x.bits(j->x.self, i);
        for (int64_t w = 0; w < (size + 63) / 64; w++)
            set += __builtin_popcountll(bits[w]);
    }
    return (double)set < SPARSE * (double)size * (double)(b->out.i1 - b->out.i0);
}

static void int8_shard(void *arg, int shard, int lane_index)
{
    const int8_job *j = arg;
    const int8_plan *p = &j->plan;
    const mye_conv_shape *s = p->s;
    mye_lane *lane = &j->r.lane[lane_index];
    const size_t used = lane->used;
    const int split = shard % p->splits, block = shard / p->splits;
    const int64_t i0 = (int64_t)(block / p->bands) * p->group;
    const int h0 = block % p->bands * p->band;
    const int panel0 = p->panels * split / p->splits, panel1 = p->panels * (split + 1) / p->splits;
    int8_block b = {.out = {.i0 = i0,
                            .i1 = i0 + p->group < j->n ? i0 + p->group : j->n,
                            .h0 = h0,
                            .h1 = min_int(h0 + p->band, s->OH),
                            .c0 = panel0 * TILE_COLS,
                            .c1 = min_int(panel1 * TILE_COLS, s->O)}};
    uint8_t *scratch = mye_lane_take(lane, scratch_bytes(p));
    b.scratch = scratch;
    b.rows = band_rows(p, b.out.h1 - h0);
    for (int64_t i = i0; i < b.out.i1; i++)
        read_rows(p, j->x.bits(j->x.self, i), h0 * s->sh - s->ph, b.rows,
                  scratch + (i - i0) * b.rows * row_bytes(p));
    if (is_sparse(j, &b))
        run_sparse(j, &b, panel0, panel1, lane);
    else
        for (int panel = panel0; panel < panel1; panel++)
            run_panel(j, &b, panel);
    if (j->done)
        j->done->block(j->done->self, shard, &b.out, lane);
    lane->used = used;
}

/* Has the processor the instruction of the wide sums? */
static bool is_wide(void)
{
#if defined(__AVX512F__)
    return __builtin_cpu_supports("avx512vnni");
#else
    return false;
#endif
}

void MYE_VEC(int8_forward)(mye_run_lanes r, const mye_conv_shape *s, int64_t n, mye_images x,
                           const float *packed, const float *bias, float *y,
                           const mye_conv_done *done)
{
    if (n <= 0)
        return;
    int8_job j = {.r = r,
                  .plan = plan_fit(s, n),
                  .n = n,
                  .x = x,
                  .packed = packed,
                  .bias = bias,
                  .y = y,
                  .wide = is_wide(),
                  .done = done};
    mye_parallel(r.ctx, j.plan.groups * j.plan.bands * j.plan.splits, int8_shard, &j);
}

/* ---- what it takes ---- */

bool MYE_VEC(int8_fits)(const mye_conv_shape *s, int pass)
{
    return pass == MYE_CONV_FORWARD && s->groups == 1;
}

/* One step does four products, at 0.9 of the speed of the direct way's. */
double MYE_VEC(int8_cost)(const mye_conv_shape *s, int64_t n, int pass, double density)
{
    MYE_UNUSED(pass);
    MYE_UNUSED(density);
    const int8_plan p = plan_most(s);
    return (products(s, n, p.panels, p.steps) / 3.6 + 4.0 * s->C * s->O * s->kh * s->kw) / VEC;
}

size_t MYE_VEC(int8_lane_bytes)(const mye_conv_shape *s, int pass)
{
    MYE_UNUSED(pass);
    const int8_plan p = plan_most(s);
    return scratch_bytes(&p) + 2 * list_size(&p) * sizeof(int32_t) + (size_t)3 * MYE_ALIGN;
}

int MYE_VEC(int8_shards)(const mye_conv_shape *s, int64_t n)
{
    const int8_plan p = plan_fit(s, n);
    return p.groups * p.bands * p.splits;
}

/* ---- packing ---- */

typedef struct int8_packing {
    int8_plan plan;
    const float *weight;
    float *packed;
} int8_packing;

static void set_scales(const mye_conv_shape *s, const float *weight, int width, float *scale)
{
    const int64_t rows = (int64_t)s->kh * s->kw * s->C;
    memset(scale, 0, TILE_COLS * sizeof *scale);
    for (int64_t i = 0; i < rows; i++)
        for (int o = 0; o < width; o++) {
            const float w = __builtin_fabsf(weight[i * s->O + o]);
            scale[o] = w > scale[o] ? w : scale[o];
        }
    for (int o = 0; o < width; o++)
        scale[o] = scale[o] / 127.0f;
}

static void pack_panel(void *arg, int panel, int lane)
{
    const int8_packing *j = arg;
    const int8_plan *p = &j->plan;
    const mye_conv_shape *s = p->s;
    const int column = panel * TILE_COLS, width = min_int(s->O - column, TILE_COLS);
    const int64_t run = (int64_t)s->kw * s->C;
    const float *weight = j->weight + column;
    float *scale = j->packed + column;
    int8_t *dst = (int8_t *)(j->packed + (ptrdiff_t)p->panels * TILE_COLS);
    MYE_UNUSED(lane);
    set_scales(s, weight, width, scale);
    dst += (size_t)panel * (size_t)s->kh * (size_t)p->steps * 4 * TILE_COLS;
    for (int i = 0; i < s->kh; i++, dst += (size_t)p->steps * 4 * TILE_COLS) {
        memset(dst, 0, (size_t)p->steps * 4 * TILE_COLS);
        for (int64_t k = 0; k < run; k++)
            for (int o = 0; o < width; o++)
                dst[(k / 4 * TILE_COLS + o) * 4 + k % 4] =
                    mye_int8_round(weight[(i * run + k) * s->O + o], scale[o]);
    }
}

size_t MYE_VEC(int8_pack_bytes)(const mye_conv_shape *s, int direction)
{
    MYE_UNUSED(direction);
    const int8_plan p = plan_most(s);
    return (size_t)p.panels * TILE_COLS * (sizeof(float) + (size_t)s->kh * (size_t)p.steps * 4);
}

void MYE_VEC(int8_pack)(mye_run_lanes r, const mye_conv_shape *s, int direction,
                        const float *weight, float *packed)
{
    MYE_UNUSED(direction);
    int8_packing j = {plan_most(s), weight, packed};
    mye_parallel(r.ctx, j.plan.panels, pack_panel, &j);
}
