/* The choice of a layer's way: see conv_way.h. */
#include "node/conv_way.h"

#include "node/elementwise.h"

enum { SAMPLE_IMAGES = 64, SAMPLE_ROWS = 16 };

/* A layer changes its way for a gain of at least 10 %: more than the estimates are wrong by. */
#define CLEARLY 0.9

static bool is_open(const mye_node *n, const mye_pass *p, const mye_conv_shape *s, int way,
                    int pass)
{
    const mye_conv_kernels *k = &p->k->conv[way];
    return k->name != NULL && (p->ways & 1u << way) != 0 && k->fits(s, pass) &&
           (way != MYE_CONV_INT8 || mye_value_is_bits(p, n->in[0]));
}

/* Beside the direct way's memory, a way may take so many times the layer's output, and a little:
 * where images are few and small, packed weights would be a large part of what a step needs. */
#define MUCH   4
#define LITTLE ((size_t)4 << 20)

static bool is_lean(const mye_node *n, const mye_pass *p, const mye_conv_shape *s, int way,
                    int pass)
{
    const mye_conv_kernels *k = &p->k->conv[way], *direct = &p->k->conv[MYE_CONV_DIRECT];
    const mye_value *v = &p->value[n->index];
    const size_t limit = MUCH * (size_t)v->steps * (size_t)p->B * (size_t)v->n * sizeof(float);
    /* Of two threads, however many there are: the same bits for any number. */
    size_t more = 2 * k->lane_bytes(s, pass), less = 2 * direct->lane_bytes(s, pass);
    if (pass != MYE_CONV_WEIGHT) {
        more += k->pack_bytes(s, pass);
        less += direct->pack_bytes(s, pass);
    }
    return more <= less + limit + LITTLE;
}

bool mye_conv_may_go(const mye_node *n, const mye_pass *p, const mye_conv_shape *s, int way,
                     int pass)
{
    const bool other = p->forced != MYE_CONV_ANY && p->forced != way;
    if (!is_open(n, p, s, way, pass) || (other && is_open(n, p, s, p->forced, pass)))
        return false;
    return way == MYE_CONV_DIRECT || way == p->forced || is_lean(n, p, s, way, pass);
}

/* ---- how much is not 0 ---- */

/* Where there is one way only, nobody has to look. */
static bool may_choose(const mye_pass *p)
{
    return p->ways != 1u << MYE_CONV_DIRECT;
}

static int64_t count_nonzero(int64_t n, const float *x)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++)
        count += x[i] != 0.0f;
    return count;
}

static double bits_density(const mye_node *n, const mye_pass *p, mye_images x, int64_t images)
{
    const int64_t size = p->value[n->in[0]].n, words = (size + 63) / 64;
    const int64_t step = (images + SAMPLE_IMAGES - 1) / SAMPLE_IMAGES;
    int64_t set = 0, seen = 0;
    for (int64_t i = 0; i < images; i += step) {
        set += p->k->bits_count(words, x.bits(x.self, i));
        seen += size;
    }
    return (double)set / (double)seen;
}

double mye_conv_input_density(const mye_node *n, const mye_pass *p, int t0, int t1,
                              const mye_conv_shape *s)
{
    if (!may_choose(p))
        return 1;
    const mye_node_images reader = {p, n->in[0], t0, s->H == 1};
    const mye_images x = mye_images_of(&reader);
    const int64_t images = (int64_t)mye_node_steps(n, t0, t1) * p->B;
    if (x.bits != NULL)
        return bits_density(n, p, x, images);
    const int64_t step = (images + SAMPLE_ROWS - 1) / SAMPLE_ROWS, row = (int64_t)s->W * s->C;
    mye_lane *lane = &p->lanes.lane[0];
    const size_t used = lane->used;
    float *buffer = mye_lane_take(lane, (size_t)row * sizeof *buffer);
    int64_t nonzero = 0, seen = 0;
    for (int64_t i = 0; i < images; i += step) {
        x.read(x.self, i, s->H / 2, s->H / 2 + 1, buffer, row, lane);
        nonzero += count_nonzero(row, buffer);
        seen += row;
    }
    lane->used = used;
    return (double)nonzero / (double)seen;
}

size_t mye_conv_density_bytes(const mye_node *n, const mye_pass *p, const mye_conv_shape *s)
{
    const int64_t row = (int64_t)s->W * s->C;
    return mye_float_bytes(row) + mye_load_lane_bytes(p, n->in[0], row);
}

double mye_conv_grad_density(const mye_node *n, const mye_pass *p, int t0, int t1)
{
    if (!may_choose(p))
        return 1;
    const int64_t images = (int64_t)mye_node_steps(n, t0, t1) * p->B;
    const int64_t step = (images + SAMPLE_ROWS - 1) / SAMPLE_ROWS;
    const int64_t row = (int64_t)n->shape.w * n->shape.c, middle = n->shape.h / 2 * row;
    int64_t nonzero = 0, seen = 0;
    for (int64_t i = 0; i < images; i += step) {
        const int t = t0 + (int)(i / p->B), b = (int)(i % p->B);
        nonzero += count_nonzero(row, mye_grad_row(p, n->index, t, b) + middle);
        seen += row;
    }
    return (double)nonzero / (double)seen;
}

/* ---- the choice ---- */

static int cheapest(const mye_node *n, const mye_pass *p, const mye_conv_shape *s, int64_t n_images,
                    int pass, double density, double *cost)
{
    int best = MYE_CONV_DIRECT;
    for (int way = 0; way < MYE_CONV_WAYS; way++) {
        if (!mye_conv_may_go(n, p, s, way, pass))
            continue;
        if (way == p->forced)
            return way;
        cost[way] = p->k->conv[way].cost(s, n_images, pass, density);
        if (cost[way] < cost[best])
            best = way;
    }
    return best;
}

const mye_conv_kernels *mye_conv_choose(const mye_node *n, const mye_pass *p,
                                        const mye_conv_shape *s, int64_t n_images, int pass,
                                        double density)
{
    uint8_t *on = &p->value[n->index].way[pass]; /* way + 1 */
    double cost[MYE_CONV_WAYS];
    const int best = cheapest(n, p, s, n_images, pass, density, cost);
    const bool stays = p->training && *on > 0 && best != p->forced &&
                       mye_conv_may_go(n, p, s, *on - 1, pass) &&
                       cost[best] > CLEARLY * cost[*on - 1];
    if (!stays)
        *on = (uint8_t)(best + 1);
    return &p->k->conv[*on - 1];
}

const mye_conv_kernels *mye_conv_settled(const mye_node *n, const mye_pass *p, int t0)
{
    const uint8_t on = p->value[n->index].way[MYE_CONV_FORWARD];
    const bool begun = p->repeated || (t0 > 0 && !n->is_static);
    return p->training && begun && on > 0 ? &p->k->conv[on - 1] : NULL;
}
