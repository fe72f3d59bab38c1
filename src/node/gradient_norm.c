/* Norms of the gradients of single samples: see gradient_norm.h. */
#include "node/gradient_norm.h"

#include <string.h>

enum { MAX_STEPS = 256, FEW_PLACES = 16 };

typedef struct norm_job {
    const mye_node *n;
    const mye_pass *p;
    const mye_conv_shape *s;
    mye_images x;
    int steps, t0;
    bool is_exact, has_bias;
    double *squares;
} norm_job;

bool mye_gradient_norm_has(const mye_node *n)
{
    return (n->type->flags & MYE_NODE_PRODUCT) && n->weight[0].trainable && !n->weight[0].frozen;
}

static bool is_dense(const mye_conv_shape *s)
{
    return s->H == 1 && s->W == 1 && s->OH == 1 && s->OW == 1 && s->groups == 1;
}

static int64_t patch_size(const mye_conv_shape *s)
{
    return (int64_t)s->kh * s->kw * s->C;
}

/* Pairs of places cost at most half of what the weight gradient itself does. */
static bool is_exact(const mye_node *n, int steps)
{
    const mye_conv_shape *s = n->plan;
    const double places = (double)steps * s->OH * s->OW;
    const double patch = (double)patch_size(s), O = s->O;
    if (is_dense(s))
        return steps <= MAX_STEPS;
    return s->groups == 1 && (places <= FEW_PLACES ||
                              (places <= MAX_STEPS && (places + 1) * (O + patch) <= O * patch));
}

/* ---- reading ---- */

static int64_t image_of(const norm_job *j, int step, int b)
{
    return (int64_t)step * j->p->B + b;
}

static int64_t image_size(const mye_conv_shape *s)
{
    return (int64_t)s->H * s->W * s->C;
}

/* An image of the input as floats: where it lies, or read into dst. */
static const float *floats_of(const norm_job *j, int64_t image, float *dst, mye_lane *lane)
{
    const mye_conv_shape *s = j->s;
    if (j->x.floats != NULL)
        return j->x.floats + image * image_size(s);
    j->x.read(j->x.self, image, 0, s->H, dst, (ptrdiff_t)s->W * s->C, lane);
    return dst;
}

static const float *gradient_of(const norm_job *j, int step, int b)
{
    return mye_grad_row(j->p, j->n->index, j->t0 + step, b);
}

/* ---- the bound ---- */

static double bound(const norm_job *j, int b, mye_lane *lane)
{
    const mye_conv_shape *s = j->s;
    const mye_kernels *k = j->p->k;
    const int64_t size = image_size(s), out = (int64_t)s->OH * s->OW * s->O;
    const double seen = (double)((s->kh + s->sh - 1) / s->sh) * ((s->kw + s->sw - 1) / s->sw);
    double d = 0, x = 0;
    float *buffer = j->x.floats == NULL && j->x.bits == NULL
                        ? mye_lane_take(lane, (size_t)size * sizeof *buffer)
                        : NULL;
    for (int t = 0; t < j->steps; t++) {
        const int64_t image = image_of(j, t, b);
        d += k->sum_squares(out, gradient_of(j, t, b));
        x += j->x.bits != NULL
                 ? (double)k->bits_count((size + 63) / 64, j->x.bits(j->x.self, image))
                 : k->sum_squares(size, floats_of(j, image, buffer, lane));
    }
    return d * (seen * x + (j->has_bias ? (double)j->steps * s->OH * s->OW : 0));
}

/* ---- exact ---- */

/* All patches of an image, one after another: [OH][OW][kh][kw][C]. */
static void cut_patches(const mye_conv_shape *s, const float *x, float *out)
{
    for (int i = 0; i < s->OH * s->OW; i++)
        for (int y = 0; y < s->kh; y++)
            for (int c = 0; c < s->kw; c++, out += s->C) {
                const int h = i / s->OW * s->sh - s->ph + y, w = i % s->OW * s->sw - s->pw + c;
                if (h < 0 || h >= s->H || w < 0 || w >= s->W)
                    memset(out, 0, (size_t)s->C * sizeof *out);
                else
                    memcpy(out, x + ((int64_t)h * s->W + w) * s->C, (size_t)s->C * sizeof *out);
            }
}

/* Are the patches where the input lies? */
static bool in_place(const norm_job *j)
{
    return is_dense(j->s) && (j->x.bits != NULL || j->x.floats != NULL);
}

/* All patches of a sample, one after another. */
static void read_patches(const norm_job *j, int b, float *patches, mye_lane *lane)
{
    const mye_conv_shape *s = j->s;
    const size_t mark = lane->used;
    float *image = NULL;
    if (!is_dense(s))
        image = mye_lane_take(lane, (size_t)image_size(s) * sizeof *image);
    for (int t = 0; t < j->steps; t++) {
        float *place = patches + (int64_t)t * s->OH * s->OW * patch_size(s);
        const float *x = floats_of(j, image_of(j, t, b), image == NULL ? place : image, lane);
        if (image != NULL)
            cut_patches(s, x, place);
    }
    lane->used = mark;
}

/* x_i . x_m; in place there is one patch a step. */
static double product(const norm_job *j, int b, const float *patches, int i, int m)
{
    const int64_t size = patch_size(j->s), at = image_of(j, i, b), with = image_of(j, m, b);
    const mye_kernels *k = j->p->k;
    if (patches != NULL)
        return k->dot(size, patches + i * size, patches + m * size);
    if (j->x.bits != NULL)
        return (double)k->bits_shared((size + 63) / 64, j->x.bits(j->x.self, at),
                                      j->x.bits(j->x.self, with));
    return k->dot(size, j->x.floats + at * size, j->x.floats + with * size);
}

static double exact(const norm_job *j, int b, mye_lane *lane)
{
    const int per_step = j->s->OH * j->s->OW, places = j->steps * per_step, O = j->s->O;
    const double bias = j->has_bias ? 1 : 0;
    float *patches = NULL;
    double sum = 0;
    if (!in_place(j)) {
        const int64_t floats = places * patch_size(j->s);
        patches = mye_lane_take(lane, (size_t)floats * sizeof *patches);
        read_patches(j, b, patches, lane);
    }
    for (int i = 0; i < places; i++) {
        const float *di = gradient_of(j, i / per_step, b) + (int64_t)(i % per_step) * O;
        for (int m = 0; m <= i; m++) {
            const float *dm = gradient_of(j, m / per_step, b) + (int64_t)(m % per_step) * O;
            sum +=
                (m < i ? 2 : 1) * j->p->k->dot(O, di, dm) * (product(j, b, patches, i, m) + bias);
        }
    }
    return sum > 0 ? sum : 0;
}

enum { SHARD = 8 }; /* samples: some have little work */

static void norms_of_shard(void *self, int shard, int lane_index)
{
    const norm_job *j = self;
    mye_lane *lane = &j->p->lanes.lane[lane_index];
    const size_t mark = lane->used;
    for (int b = shard * SHARD; b < (shard + 1) * SHARD && b < j->p->B; b++) {
        j->squares[b] = j->is_exact ? exact(j, b, lane) : bound(j, b, lane);
        lane->used = mark;
    }
}

void mye_gradient_norm(const mye_node *n, const mye_pass *p, int t0, int t1, double *squares)
{
    const mye_conv_shape *s = n->plan;
    const mye_node_images reader = {p, n->in[0], t0, s->H == 1};
    norm_job j = {.n = n,
                  .p = p,
                  .s = s,
                  .x = mye_images_of(&reader),
                  .steps = mye_node_steps(n, t0, t1),
                  .t0 = t0,
                  .has_bias = mye_node_find(n, "bias") != NULL,
                  .squares = squares};
    j.is_exact = is_exact(n, j.steps);
    mye_parallel(p->lanes.ctx, (p->B + SHARD - 1) / SHARD, norms_of_shard, &j);
}

size_t mye_gradient_norm_lane_bytes(const mye_node *n, const mye_pass *p)
{
    const mye_conv_shape *s = n->plan;
    const int most = p->value[n->index].steps;
    const size_t read = mye_load_lane_bytes(p, n->in[0], (int64_t)s->W * s->C);
    size_t floats = (size_t)image_size(s);
    /* Fewer steps at a time may be exact where all are not. */
    for (int steps = most; steps > 0; steps--)
        if (is_exact(n, steps)) {
            floats += (size_t)steps * (size_t)(s->OH * s->OW) * (size_t)patch_size(s);
            break;
        }
    return read + floats * sizeof(float) + 4 * (size_t)MYE_ALIGN;
}
