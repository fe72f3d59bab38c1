/*
 * Spike-driven convolution, forward and backward data: only what is not 0 in the source is visited.
 * A block of images is turned into lists, one for each part of the read channels: a list holds, row
 * by row of the source, the places (column, channel of the part) that are not 0. A row of the window
 * sees one contiguous piece of it, and the place is that of the weights' row; so an output point is
 * a sum of listed rows (spikes_sum.c). The loop over points lies inside those over panels and
 * parts, whose weights stay in the second-level cache.
 */
#include "kernel/vec/vec.h"

/* From this share of entries that are not 0 on, visiting the sums more often, with weights from the
 * first-level cache, is faster than one visit with weights from the second - unless a part does not
 * fill that much more than the first. */
#define NEAR_SHARE 0.16
#define NEAR_PART  (4 * SPIKE_NEAR)

typedef struct spike_job {
    mye_run_lanes r;
    mye_spike_plan plan;
    int64_t n;
    mye_images x;
    const float *dense; /* not NULL: the images themselves, instead of x */
    const float *packed, *bias;
    float *y;
    bool accumulate;
    bool pointwise; /* output point q is source position q: places are channels alone */
    const mye_conv_done *done;
} spike_job;

/* What one shard works on, and its lists: those of part k begin at entry k * entries, their cells -
 * one for each source position and chunk of channels - at k * (cells + 1). */
typedef struct spike_block {
    int64_t i0, i1; /* images */
    int q0, q1;     /* rows   */
    int lo, hi;     /* source rows that they see */
    int panel0, panel1;
    size_t entries, cells;
    uint16_t *index;
    float *value, *row; /* NULL where bits are read */
    uint32_t *start;
    bool near; /* so much is not 0 that weights had better come from the first-level cache */
} spike_block;

/* ---- lists ---- */

/* Source positions of a block, at most. */
static size_t most_positions(const mye_plan *p)
{
    const size_t pitch = (size_t)p->pad_w * (size_t)p->K;
    return MYE_VEC(plan_scratch)(p) / pitch * (size_t)p->src_w;
}

/* Entries of the lists of a part, at most. */
static size_t most_entries(const mye_spike_plan *plan)
{
    const size_t channels = (size_t)((plan->p.K + plan->parts - 1) / plan->parts);
    return most_positions(&plan->p) * channels + SPIKE_SLACK;
}

/* Does any point see this source position? Forward with a stride, windows may leave gaps. */
static bool is_seen(const mye_axis *a, int at)
{
    return a->taps >= a->src_step || (at - a->src0) % a->src_step < a->taps;
}

/* A source row: floats, or bits from bit `first` on. */
typedef struct spike_row {
    const float *x;
    const uint64_t *bits;
    int64_t first;
} spike_row;

static spike_row read_row(const spike_job *j, const spike_block *b, int64_t i, int h,
                          mye_lane *lane)
{
    const mye_plan *p = &j->plan.p;
    const ptrdiff_t size = (ptrdiff_t)p->src_w * p->K;
    if (j->dense)
        return (spike_row){.x = j->dense + (i * p->src_h + h) * size};
    if (j->x.bits)
        return (spike_row){.bits = j->x.bits(j->x.self, i), .first = h * size};
    j->x.read(j->x.self, i, h, h + 1, b->row, size, lane);
    return (spike_row){.x = b->row};
}

/* Appends one source row to the lists of a part. */
static void list_row(const spike_job *j, const spike_block *b, int part, const spike_row *row,
                     uint32_t *start)
{
    const mye_plan *p = &j->plan.p;
    const mye_axis w = MYE_VEC(axis_w)(p, 0);
    const int k0 = MYE_VEC(spike_part)(&j->plan, part), chunks = j->plan.chunks;
    const int K = MYE_VEC(spike_part)(&j->plan, part + 1) - k0, per = j->pointwise ? 0 : K;
    uint32_t at = *start++;
    for (int c = 0; c < p->src_w; c++) {
        const ptrdiff_t from = (ptrdiff_t)c * p->K + k0;
        const bool seen = is_seen(&w, c);
        for (int k = 0; k < chunks; k++) {
            const int a = K * k / chunks, n = K * (k + 1) / chunks - a, base = c * per + a;
            if (seen && row->bits)
                at += MYE_VEC(list_bits)(row->bits, row->first + from + a, n, base, b->index + at);
            else if (seen)
                at +=
                    MYE_VEC(list_floats)(row->x + from + a, n, base, b->index + at, b->value + at);
            *start++ = at;
        }
    }
}

/* A source row that no point sees. */
static void list_nothing(uint32_t *start, int cells)
{
    for (int c = 0; c < cells; c++)
        start[c + 1] = *start;
}

static void list_rows(const spike_job *j, spike_block *b, mye_lane *lane)
{
    const mye_plan *p = &j->plan.p;
    /* Forward there is one phase; backward, every source position is seen by some phase. */
    const mye_axis v = MYE_VEC(axis_h)(p, 0);
    const int cells = p->src_w * j->plan.chunks;
    size_t found = 0, at = 0;
    for (int k = 0; k < j->plan.parts; k++)
        b->start[(size_t)k * (b->cells + 1)] = (uint32_t)((size_t)k * b->entries);
    for (int64_t i = b->i0; i < b->i1; i++) {
        for (int h = b->lo; h < b->hi; h++, at += (size_t)cells) {
            const bool seen = is_seen(&v, h);
            const spike_row row = seen ? read_row(j, b, i, h, lane) : (spike_row){0};
            for (int k = 0; k < j->plan.parts; k++) {
                uint32_t *start = b->start + (size_t)k * (b->cells + 1) + at;
                if (seen)
                    list_row(j, b, k, &row, start);
                else
                    list_nothing(start, cells);
                found += start[cells] - start[0];
            }
        }
    }
    const size_t positions = at / (size_t)j->plan.chunks;
    b->near = (double)found > NEAR_SHARE * (double)positions * p->K;
}

/* ---- sums ---- */

/* One panel and part of one phase. */
typedef struct spike_run {
    mye_axis h, w;
    int rows[2]; /* q of this block and phase */
    mye_spike_panel panel;
    int part, K;         /* and its channels     */
    const float *weight; /* of panel and part    */
    bool load;           /* the outputs hold a sum already */
} spike_run;

/* Taps [t0, t1) x [k0, k1) and chunks [c0, c1) of a run: all chunks, or of a single tap. */
typedef struct spike_piece {
    int t0, t1, k0, k1, c0, c1;
} spike_piece;

/* All points of the block, in one long row where a point is a position: an image may be tiny. */
static void sum_pointwise(const spike_job *j, const spike_block *b, mye_sparse *t)
{
    const mye_plan *p = &j->plan.p;
    t->count[0] = (int)(b->i1 - b->i0) * (b->q1 - b->q0) * p->dst_w;
    t->count[1] = t->count[2] = t->lines = 1;
    t->size = t->count[0] * j->plan.chunks;
    t->line0 = 0;
    t->rows_step = 0;
}

static void run_piece(const spike_job *j, const spike_block *b, spike_run *r, spike_piece piece)
{
    const mye_plan *p = &j->plan.p;
    const int chunks = j->plan.chunks;
    const ptrdiff_t column = (ptrdiff_t)r->K * r->panel.vecs * VEC;
    const ptrdiff_t y_row = (ptrdiff_t)p->dst_w * p->N;
    const int64_t row = b->i0 * p->dst_h + r->h.dst0 + (int64_t)r->rows[0] * r->h.dst_step;
    const uint32_t *start = b->start + (size_t)r->part * (b->cells + 1);
    mye_sparse t = {
        .index = b->index,
        .value = b->value,
        .start = start,
        .end = start + 1,
        .rows = r->weight - r->w.src0 * column, /* places count from the image's edge */
        .bias = j->bias ? j->bias + r->panel.column : NULL,
        .y = j->y + row * y_row + (ptrdiff_t)r->w.dst0 * p->N + r->panel.column,
        .count = {r->w.count, r->rows[1] - r->rows[0], (int)(b->i1 - b->i0)},
        .y_step = {(ptrdiff_t)r->w.dst_step * p->N, r->h.dst_step * y_row, p->dst_h * y_row},
        .rows_pitch = r->w.taps * column,
        .rows_step = r->w.src_step * column,
        .line0 = r->h.src0 + r->rows[0] * r->h.src_step - b->lo,
        .line_step = r->h.src_step,
        .lines = b->hi - b->lo,
        .seg0 = piece.t0,
        .seg1 = piece.t1,
        .from = (r->w.src0 + piece.k0) * chunks + piece.c0,
        .from_step = r->w.src_step * chunks,
        .cells = (piece.k1 - piece.k0 - 1) * chunks + piece.c1 - piece.c0,
        .size = p->src_w * chunks,
        .vecs = r->panel.vecs,
        .width = r->panel.width,
        .load = r->load};
    if (j->pointwise)
        sum_pointwise(j, b, &t);
    MYE_VEC(sparse_sum)(&t);
    r->load = true;
}

/* Piece by piece, each with weights that stay in the first-level cache. */
static void run_near(const spike_job *j, const spike_block *b, spike_run *r)
{
    const int tap = r->K * r->panel.vecs * VEC; /* floats of its weights */
    const int fit = SPIKE_NEAR / tap > 1 ? SPIKE_NEAR / tap : 1;
    const int rows = fit > r->w.taps ? fit / r->w.taps : 1, chunks = j->plan.chunks;
    for (int t = 0; t < r->h.taps; t += rows) {
        const int t1 = t + rows < r->h.taps ? t + rows : r->h.taps;
        for (int k = 0; k < r->w.taps; k += fit) {
            const int k1 = k + fit < r->w.taps ? k + fit : r->w.taps;
            if (k1 - k > 1)
                run_piece(j, b, r, (spike_piece){t, t1, k, k1, 0, chunks});
            else
                for (int c = 0; c < chunks; c++)
                    run_piece(j, b, r, (spike_piece){t, t1, k, k1, c, c + 1});
        }
    }
}

static void run_phase(const spike_job *j, const spike_block *b, spike_run *r, const float *packed)
{
    const mye_plan *p = &j->plan.p;
    const ptrdiff_t window = (ptrdiff_t)r->h.taps * r->w.taps;
    for (int panel = b->panel0; panel < b->panel1; panel++) {
        r->panel = MYE_VEC(spike_panel)(p->N, panel);
        r->load = j->accumulate;
        for (r->part = 0; r->part < j->plan.parts; r->part++) {
            const ptrdiff_t k0 = MYE_VEC(spike_part)(&j->plan, r->part);
            r->K = MYE_VEC(spike_part)(&j->plan, r->part + 1) - (int)k0;
            r->weight = packed + window * (r->panel.column * p->K + k0 * r->panel.vecs * VEC);
            if (b->near && window * r->K * r->panel.vecs * VEC > NEAR_PART)
                run_near(j, b, r);
            else
                run_piece(j, b, r, (spike_piece){0, r->h.taps, 0, r->w.taps, 0, j->plan.chunks});
        }
    }
}

static void run_phases(const spike_job *j, const spike_block *b)
{
    const mye_plan *p = &j->plan.p;
    const ptrdiff_t columns = (ptrdiff_t)((p->N + VEC - 1) / VEC) * VEC;
    const float *packed = j->packed;
    for (int phase = 0; phase < p->phases_h * p->phases_w; phase++) {
        spike_run r = {.h = MYE_VEC(axis_h)(p, phase / p->phases_w),
                       .w = MYE_VEC(axis_w)(p, phase % p->phases_w)};
        r.rows[0] = b->q0;
        r.rows[1] = b->q1 < r.h.count ? b->q1 : r.h.count;
        if (r.rows[1] > r.rows[0] && r.w.count > 0)
            run_phase(j, b, &r, packed);
        packed += (ptrdiff_t)r.h.taps * r.w.taps * p->K * columns;
    }
}

static void take_lists(const spike_job *j, spike_block *b, mye_lane *lane)
{
    const mye_spike_plan *plan = &j->plan;
    const size_t parts = (size_t)plan->parts;
    b->entries = most_entries(plan);
    b->cells = most_positions(&plan->p) * (size_t)plan->chunks;
    b->index = mye_lane_take(lane, parts * b->entries * sizeof *b->index);
    b->start = mye_lane_take(lane, parts * (b->cells + 1) * sizeof *b->start);
    if (j->x.bits)
        return;
    b->value = mye_lane_take(lane, parts * b->entries * sizeof *b->value);
    if (!j->dense)
        b->row = mye_lane_take(lane, (size_t)plan->p.src_w * (size_t)plan->p.K * sizeof *b->row);
}

static void spike_shard(void *arg, int shard, int lane_index)
{
    const spike_job *j = arg;
    const mye_plan *p = &j->plan.p;
    mye_lane *lane = &j->r.lane[lane_index];
    const size_t used = lane->used;
    const int split = shard % p->splits, block = shard / p->splits;
    spike_block b = {.i0 = (int64_t)(block / p->bands) * p->group,
                     .q0 = block % p->bands * p->band,
                     .panel0 = p->panels * split / p->splits,
                     .panel1 = p->panels * (split + 1) / p->splits};
    b.i1 = b.i0 + p->group < j->n ? b.i0 + p->group : j->n;
    b.q1 = b.q0 + p->band < p->rows ? b.q0 + p->band : p->rows;
    MYE_VEC(plan_rows)(p, b.q0, b.q1, &b.lo, &b.hi);
    take_lists(j, &b, lane);
    list_rows(j, &b, lane);
    run_phases(j, &b);
    if (j->done) {
        const mye_spike_panel first = MYE_VEC(spike_panel)(p->N, b.panel0);
        const mye_spike_panel last = MYE_VEC(spike_panel)(p->N, b.panel1 - 1);
        const mye_conv_block whole = {b.i0, b.i1,         b.q0,
                                      b.q1, first.column, last.column + last.width};
        j->done->block(j->done->self, shard, &whole, lane);
    }
    lane->used = used;
}

static bool is_pointwise(const mye_conv_shape *s)
{
    return s->kh == 1 && s->kw == 1 && s->sh == 1 && s->sw == 1 && s->ph == 0 && s->pw == 0;
}

static void run_job(spike_job *j)
{
    if (j->n <= 0)
        return;
    j->pointwise = is_pointwise(j->plan.p.s);
    MYE_VEC(plan_fit)(&j->plan.p, j->n);
    mye_parallel(j->r.ctx, (int)j->plan.p.groups * j->plan.p.bands * j->plan.p.splits, spike_shard,
                 j);
}

/* ---- the passes ---- */

bool MYE_VEC(spike_fits)(const mye_conv_shape *s, int pass)
{
    if (s->groups != 1)
        return false;
    if (pass == MYE_CONV_WEIGHT)
        return MYE_VEC(spike_weight_fits)(s);
    return (pass == MYE_CONV_DATA ? s->OW : s->W) <= UINT16_MAX;
}

int MYE_VEC(spike_shards)(const mye_conv_shape *s, int64_t n)
{
    mye_spike_plan plan;
    if (n <= 0)
        return 0;
    MYE_VEC(spike_plan)(&plan, s, MYE_CONV_FORWARD);
    MYE_VEC(plan_fit)(&plan.p, n);
    return (int)plan.p.groups * plan.p.bands * plan.p.splits;
}

size_t MYE_VEC(spike_lane_bytes)(const mye_conv_shape *s, int pass)
{
    if (pass == MYE_CONV_WEIGHT)
        return MYE_VEC(spike_weight_lane_bytes)(s);
    mye_spike_plan plan;
    MYE_VEC(spike_plan)(&plan, s, pass);
    const size_t entries = most_entries(&plan);
    const size_t cells = most_positions(&plan.p) * (size_t)plan.chunks + 1;
    return (size_t)plan.parts *
               (entries * (sizeof(uint16_t) + sizeof(float)) + cells * sizeof(uint32_t)) +
           (pass == MYE_CONV_FORWARD ? (size_t)s->W * (size_t)s->C * sizeof(float) : 0) +
           (size_t)4 * MYE_ALIGN;
}

void MYE_VEC(spike_forward)(mye_run_lanes r, const mye_conv_shape *s, int64_t n, mye_images x,
                            const float *packed, const float *bias, float *y,
                            const mye_conv_done *done)
{
    spike_job j = {.r = r, .n = n, .x = x, .packed = packed, .bias = bias, .y = y, .done = done};
    MYE_VEC(spike_plan)(&j.plan, s, MYE_CONV_FORWARD);
    run_job(&j);
}

void MYE_VEC(spike_backward_data)(mye_run_lanes r, const mye_conv_shape *s, int64_t n,
                                  const float *dy, const float *packed, float *dx, bool accumulate)
{
    spike_job j = {
        .r = r, .n = n, .dense = dy, .packed = packed, .y = dx, .accumulate = accumulate};
    MYE_VEC(spike_plan)(&j.plan, s, MYE_CONV_DATA);
    run_job(&j);
}
