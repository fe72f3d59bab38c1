/* What conv2d, dense and sws_conv2d share: see convolution.h. */
#include "node/convolution.h"

#include "node/batchnorm.h"
#include "node/conv_way.h"
#include "node/moments.h"

enum { INIT_UNIFORM, INIT_KAIMING, INIT_KAIMING_OUT, INIT_NORMAL, INIT_ZERO };

/* ---- shape and weights ---- */

/* Output size along one direction, or 0 when the window is larger than the padded input. */
static int out_size(int size, int k, int stride, int padding)
{
    return size + 2 * padding < k ? 0 : (size + 2 * padding - k) / stride + 1;
}

void mye_conv_window(const mye_conv_options *o, mye_conv_shape *s)
{
    s->kh = (int)o->kernel;
    s->kw = o->kernel_w > 0 ? (int)o->kernel_w : s->kh;
    s->sh = (int)o->stride;
    s->sw = o->stride_w > 0 ? (int)o->stride_w : s->sh;
    s->ph = o->padding >= 0 ? (int)o->padding : (s->kh - 1) / 2;
    s->pw = o->padding >= 0 ? (int)o->padding : (s->kw - 1) / 2;
    s->pw = o->padding_w >= 0 ? (int)o->padding_w : s->pw;
    s->groups = (int)o->groups;
}

mye_status mye_conv_shape_of(mye_node *n, const mye_shape *in, const mye_conv_options *o,
                             mye_conv_shape *s, mye_error *err)
{
    const char *op = n->type->entry.name;
    if (in->flat && (in->h > 1 || in->w > 1))
        return mye_fail(err, MYE_ERR_SHAPE,
                        "node '%s' (%s) wants an image, got a flattened one of %dx%dx%d", n->name,
                        op, in->c, in->h, in->w);
    *s = (mye_conv_shape){.C = in->c, .H = in->h, .W = in->w, .O = (int)o->channels};
    mye_conv_window(o, s);
    if (s->O < 1)
        return mye_fail(err, MYE_ERR_ARG, "node '%s' (%s) wants a number of output channels",
                        n->name, op);
    if (s->C % s->groups != 0 || s->O % s->groups != 0)
        return mye_fail(
            err, MYE_ERR_SHAPE,
            "node '%s' (%s) cannot split %d input and %d output channels into %d groups", n->name,
            op, s->C, s->O, s->groups);
    s->OH = out_size(s->H, s->kh, s->sh, s->ph);
    s->OW = out_size(s->W, s->kw, s->sw, s->pw);
    if (s->OH < 1 || s->OW < 1)
        return mye_fail(err, MYE_ERR_SHAPE,
                        "node '%s' (%s) has a kernel of %dx%d, larger than its padded input %dx%d",
                        n->name, op, s->kh, s->kw, s->H + 2 * s->ph, s->W + 2 * s->pw);
    if ((double)s->OH * s->OW * s->O > INT32_MAX ||
        (double)s->kh * s->kw * (s->C / s->groups) * s->O > INT32_MAX)
        return mye_fail(err, MYE_ERR_SHAPE,
                        "node '%s' (%s) from %dx%dx%d to %dx%dx%d has more than 2^31 elements or "
                        "weights",
                        n->name, op, s->C, s->H, s->W, s->O, s->OH, s->OW);
    n->shape = (mye_shape){s->O, s->OH, s->OW, in->flat};
    n->format = MYE_F32;
    return MYE_OK;
}

static void set_init(mye_weight *w, const mye_conv_init *init)
{
    static const mye_init kinds[] = {
        [INIT_UNIFORM] = MYE_INIT_KAIMING_UNIFORM,
        [INIT_KAIMING] = MYE_INIT_KAIMING_NORMAL,
        [INIT_KAIMING_OUT] = MYE_INIT_KAIMING_NORMAL,
        [INIT_NORMAL] = MYE_INIT_NORMAL,
        [INIT_ZERO] = MYE_INIT_CONSTANT,
    };
    w->init = kinds[init->kind];
    w->gain = init->kind == INIT_ZERO ? 0 : init->gain;
    if (init->kind == INIT_KAIMING_OUT) {
        w->fan = 1;
        for (int i = 0; i < w->rank; i++)
            w->fan *= i == 1 ? 1 : w->dim[i];
    }
}

mye_status mye_conv_weights(mye_node *n, mye_weight weight, bool bias, const mye_conv_init *init,
                            mye_error *err)
{
    weight.role = "weight";
    weight.trainable = weight.decay = true;
    set_init(&weight, init);
    MYE_TRY(mye_node_weight(n, &weight, err));
    if (!bias)
        return MYE_OK;
    mye_weight b = {.role = "bias", .rank = 1, .dim = {weight.dim[0]}, .trainable = true};
    if (init->kind == INIT_UNIFORM) {
        b.init = MYE_INIT_KAIMING_UNIFORM;
        b.fan = 1;
        for (int i = 1; i < weight.rank; i++)
            b.fan *= weight.dim[i];
    }
    return mye_node_weight(n, &b, err);
}

/* ---- scratch: packed weights, then partial sums of the weight gradient ---- */

static size_t rounded(size_t bytes)
{
    return (bytes + MYE_ALIGN - 1) / MYE_ALIGN * MYE_ALIGN;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t pack_bytes(const mye_node *n, const mye_pass *p, const mye_conv_shape *s,
                         int direction)
{
    size_t bytes = 0;
    for (int way = 0; way < MYE_CONV_WAYS; way++)
        if (mye_conv_may_go(n, p, s, way, direction))
            bytes = larger(bytes, p->k->conv[way].pack_bytes(s, direction));
    return rounded(bytes);
}

static size_t lane_bytes(const mye_node *n, const mye_pass *p, const mye_conv_shape *s, int pass)
{
    size_t bytes = 0;
    for (int way = 0; way < MYE_CONV_WAYS; way++)
        if (mye_conv_may_go(n, p, s, way, pass))
            bytes = larger(bytes, p->k->conv[way].lane_bytes(s, pass));
    return bytes;
}

/* The batch norm behind n that wants the moments of n's output, or NULL. */
static const mye_node *norm_behind(const mye_node *n, const mye_pass *p)
{
    if (!p->training || p->rates || p->repeated)
        return NULL;
    for (int i = n->index + 1; i < p->n_nodes; i++)
        if (p->node[i]->type == &mye_node_batchnorm && p->node[i]->in[0] == n->index)
            return p->node[i];
    return NULL;
}

static int most_shards(const mye_node *n, const mye_pass *p, const mye_conv_shape *s)
{
    const int64_t images = (int64_t)p->value[n->index].steps * p->B;
    int most = 0;
    for (int way = 0; way < MYE_CONV_WAYS && norm_behind(n, p) != NULL; way++)
        if (mye_conv_may_go(n, p, s, way, MYE_CONV_FORWARD)) {
            const int shards = p->k->conv[way].shards(s, images);
            most = shards > most ? shards : most;
        }
    return most;
}

size_t mye_conv_scratch_bytes(const mye_node *n, const mye_pass *p, const mye_conv_shape *s,
                              mye_op op)
{
    const int64_t images = (int64_t)p->value[n->index].steps * p->B;
    if (op == MYE_OP_FORWARD)
        return p->keep_packed ? 0
                              : pack_bytes(n, p, s, MYE_CONV_FORWARD) +
                                    mye_moments_bytes(most_shards(n, p, s), s);
    size_t sums = 0;
    for (int way = 0; way < MYE_CONV_WAYS; way++)
        if (mye_conv_may_go(n, p, s, way, MYE_CONV_WEIGHT))
            sums = larger(sums, p->k->conv[way].scratch_bytes(s, images));
    return pack_bytes(n, p, s, MYE_CONV_DATA) + rounded(sums);
}

size_t mye_conv_state_bytes(const mye_node *n, const mye_pass *p, const mye_conv_shape *s)
{
    return p->keep_packed ? pack_bytes(n, p, s, MYE_CONV_FORWARD) : 0;
}

void *mye_conv_place(const mye_node *n, const mye_pass *p)
{
    return p->keep_packed ? p->value[n->index].state : p->scratch;
}

size_t mye_conv_lane_bytes(const mye_node *n, const mye_pass *p, const mye_conv_shape *s, mye_op op)
{
    const size_t read = mye_load_lane_bytes(p, n->in[0], (int64_t)s->W * s->C);
    const size_t look = mye_conv_density_bytes(n, p, s);
    if (op == MYE_OP_FORWARD)
        return larger(look,
                      rounded(lane_bytes(n, p, s, MYE_CONV_FORWARD)) +
                          larger(read, norm_behind(n, p) != NULL ? mye_moments_lane_bytes(s) : 0));
    return larger(look, larger(lane_bytes(n, p, s, MYE_CONV_DATA),
                               rounded(lane_bytes(n, p, s, MYE_CONV_WEIGHT)) + read));
}

static const float *packed_weight(const mye_pass *p, const mye_conv_kernels *way,
                                  const mye_conv_shape *s, int direction, const float *weight,
                                  float *scratch)
{
    if (way->pack_bytes(s, direction) == 0)
        return weight;
    way->pack(p->lanes, s, direction, weight, scratch);
    return scratch;
}

/* The same forward: what is kept from the last step may do. */
static const float *forward_weight(const mye_node *n, const mye_pass *p,
                                   const mye_conv_kernels *way, const mye_conv_shape *s,
                                   const float *weight, float *place)
{
    uint8_t *kept = &p->value[n->index].packed;
    const uint8_t tag = (uint8_t)(1 + (way - p->k->conv));
    if (p->keep_packed && *kept == tag && way->pack_bytes(s, MYE_CONV_FORWARD) > 0)
        return place;
    *kept = tag;
    return packed_weight(p, way, s, MYE_CONV_FORWARD, weight, place);
}

/* ---- passes ---- */

void mye_conv_forward(const mye_node *n, const mye_pass *p, int t0, int t1, const mye_conv_shape *s,
                      const float *weight, void *place)
{
    const mye_node_images reader = {p, n->in[0], t0, s->H == 1};
    const mye_weight *bias = mye_node_find(n, "bias");
    const int64_t images = (int64_t)mye_node_steps(n, t0, t1) * p->B;
    const mye_conv_kernels *way = mye_conv_settled(n, p, t0);
    if (way == NULL)
        way = mye_conv_choose(n, p, s, images, MYE_CONV_FORWARD,
                              mye_conv_input_density(n, p, t0, t1, s));
    const float *packed = forward_weight(n, p, way, s, weight, place);
    float *y = mye_value_row(p, n->index, t0, 0);
    const mye_node *norm = norm_behind(n, p);
    unsigned char *slots = place;
    slots += pack_bytes(n, p, s, MYE_CONV_FORWARD);
    mye_moments m = {.k = p->k, .s = s, .y = y, .slot = (double *)(void *)slots};
    const mye_conv_done done = {mye_moments_block, &m};
    if (norm != NULL && mye_batchnorm_together(norm, p, t0, t1))
        m.shards = way->shards(s, images);
    if (m.shards > most_shards(n, p, s)) /* fewer images may have more: no memory for them */
        m.shards = 0;
    mye_moments_begin(&m);
    way->forward(p->lanes, s, images, mye_images_of(&reader), packed,
                 bias != NULL ? bias->data : NULL, y, m.shards > 0 ? &done : NULL);
    if (m.shards == 0)
        return;
    mye_moments_end(&m, mye_batchnorm_state_of(norm, p).sum);
    p->value[norm->index].summed = true;
}

void mye_conv_backward(const mye_node *n, const mye_pass *p, int t0, int t1,
                       const mye_conv_shape *s, const float *weight, float *dweight, void *scratch)
{
    const mye_node_images reader = {p, n->in[0], t0, s->H == 1};
    const mye_weight *bias = mye_node_find(n, "bias");
    const int64_t images = (int64_t)mye_node_steps(n, t0, t1) * p->B;
    const float *g = mye_grad_row(p, n->index, t0, 0);
    if (dweight != NULL && !p->data_only) {
        const double start = p->profile ? mye_now_s() : 0;
        const double density = mye_conv_input_density(n, p, t0, t1, s);
        unsigned char *sums = scratch;
        sums += pack_bytes(n, p, s, MYE_CONV_DATA);
        mye_conv_choose(n, p, s, images, MYE_CONV_WEIGHT, density)
            ->backward_weight(p->lanes, s, images, mye_images_of(&reader), g, dweight,
                              bias != NULL ? bias->grad : NULL, (float *)(void *)sums);
        p->value[n->index].spent_s[MYE_CONV_WEIGHT] += p->profile ? mye_now_s() - start : 0;
    }
    bool accumulate;
    float *dx = mye_grad_target(p, n, 0, t0, &accumulate);
    if (dx == NULL)
        return;
    const double density = mye_conv_grad_density(n, p, t0, t1);
    const mye_conv_kernels *way = mye_conv_choose(n, p, s, images, MYE_CONV_DATA, density);
    way->backward_data(p->lanes, s, images, g,
                       packed_weight(p, way, s, MYE_CONV_DATA, weight, scratch), dx, accumulate);
}

double mye_conv_macs(const mye_conv_shape *s)
{
    return (double)s->OH * s->OW * s->O * s->kh * s->kw * (s->C / s->groups);
}
