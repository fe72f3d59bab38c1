/*
 * Telling of single samples. Every number is that of the sample's own, unweighted loss: weights scale
 * a sample's gradient as a whole, so they are divided out at the end.
 *
 * Rules that go span by span show one span's gradient at a time. Norms of spans are added: by the
 * triangle inequality a bound, exact where there is one span.
 */
#include "net/run_internal.h"

#include "node/gradient_norm.h"

#include <math.h>
#include <string.h>

static bool tells(const mye_run *run, unsigned what)
{
    return (run->options.tells & what) != 0;
}

static bool measures(const mye_run *run)
{
    return run->options.training && tells(run, MYE_TELL_READOUT | MYE_TELL_LAYERS);
}

/* ---- which layers ---- */

/* The layers that `node` is made of, without going through another layer. */
static void mark_read(const mye_model *m, int node, bool *is_read)
{
    const mye_node *n = m->node[node];
    if (mye_gradient_norm_has(n)) {
        is_read[node] = true;
        return;
    }
    for (int k = 0; k < n->n_in; k++)
        mark_read(m, n->in[k], is_read);
}

/* The last of the layers that the output is made of; 0: there is none. */
static int feature_node(const mye_model *m, int node)
{
    const mye_node *n = m->node[node];
    if (n->type->flags & MYE_NODE_PRODUCT)
        return node;
    int last = 0;
    for (int k = 0; k < n->n_in; k++) {
        const int from = feature_node(m, n->in[k]);
        last = from > last ? from : last;
    }
    return last;
}

int64_t mye_model_feature_size(const mye_model *m)
{
    const int node = feature_node(m, m->output);
    return node > 0 ? mye_shape_size(m->node[m->node[node]->in[0]]->shape) : 0;
}

static void mark_layers(mye_run *run)
{
    const mye_model *m = run->model;
    mye_telling *t = &run->told;
    for (int k = 0; k < run->n_modules; k++)
        for (int h = 0; h < run->module[k].n_heads; h++)
            if (run->module[k].head[h].weight != 0)
                mark_read(run->model, run->module[k].head[h].output, t->is_read);
    for (int i = 0; i < m->n_nodes; i++) {
        const bool counts =
            t->is_read[i] || (tells(run, MYE_TELL_LAYERS) && mye_gradient_norm_has(m->node[i]));
        t->slot[i] = counts && mye_run_has(run, i) ? t->n_slots++ : -1;
    }
}

/* What features are the input of. */
static mye_status find_feature(mye_run *run, mye_error *err)
{
    mye_telling *t = &run->told;
    t->feature = feature_node(run->model, run->model->output);
    t->n_feature = mye_model_feature_size(run->model);
    if (t->feature == 0)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "the features of a sample are what the last layer reads: this network's "
                        "output is made of no convolution or dense layer");
    return MYE_OK;
}

mye_status mye_telling_prepare(mye_run *run, mye_error *err)
{
    const size_t nodes = (size_t)run->model->n_nodes;
    mye_telling *t = &run->told;
    if (run->options.tells == 0)
        return MYE_OK;
    if (!run->options.training && tells(run, MYE_TELL_READOUT | MYE_TELL_LAYERS))
        return mye_fail(err, MYE_ERR_ARG,
                        "norms of samples' gradients are told by training runs: inference makes "
                        "no gradient");
    t->slot = mye_alloc_array(run->ctx, nodes, sizeof *t->slot);
    t->is_read = mye_alloc_array(run->ctx, nodes, sizeof *t->is_read);
    if (t->slot == NULL || t->is_read == NULL)
        return mye_no_memory(err, nodes * sizeof *t->slot, "the list of measured layers");
    for (size_t i = 0; i < nodes; i++)
        t->slot[i] = -1;
    if (!run->options.training)
        return tells(run, MYE_TELL_VECTORS) ? find_feature(run, err) : MYE_OK;
    if (tells(run, MYE_TELL_VECTORS))
        return mye_fail(err, MYE_ERR_ARG, "errors and features are told by inference runs");
    if (measures(run))
        mark_layers(run);
    if (measures(run) && t->n_slots == 0 && !mye_run_is_stage(run))
        return mye_fail(
            err, MYE_ERR_UNSUPPORTED,
            "norms of samples' gradients are those of convolution and dense layers that "
            "learn: this network has none before its losses");
    return MYE_OK;
}

void mye_telling_free(mye_run *run)
{
    mye_free(run->ctx, run->told.slot);
    mye_free(run->ctx, run->told.is_read);
}

static float *take(const mye_run *run, mye_arena *arena, unsigned what, int64_t n)
{
    return tells(run, what)
               ? mye_arena_take(arena, (size_t)run->options.B * (size_t)n * sizeof(float))
               : NULL;
}

void mye_telling_place(mye_run *run, mye_arena *arena)
{
    mye_telling *t = &run->told;
    const size_t B = (size_t)run->options.B;
    if (run->options.tells == 0)
        return;
    t->error = take(run, arena, MYE_TELL_ERROR | MYE_TELL_VECTORS, 1);
    t->spikes = take(run, arena, MYE_TELL_SPIKES, 1);
    t->confidence = take(run, arena, MYE_TELL_CONFIDENCE, 1);
    t->right = tells(run, MYE_TELL_CONFIDENCE) ? mye_arena_take(arena, B * sizeof(bool)) : NULL;
    t->error_vector = take(run, arena, MYE_TELL_VECTORS, run->K);
    t->features = take(run, arena, MYE_TELL_VECTORS, t->n_feature);
    if (!measures(run))
        return;
    t->readout = take(run, arena, MYE_TELL_READOUT, 1);
    t->layers = take(run, arena, MYE_TELL_LAYERS, 1);
    t->norm = mye_arena_take(arena, (size_t)t->n_slots * B * sizeof(float));
    t->squares = mye_arena_take(arena, B * sizeof(double));
}

bool mye_telling_wants_errors(const mye_run *run)
{
    return tells(run, MYE_TELL_ERROR | MYE_TELL_VECTORS);
}

/* ---- a step ---- */

static void clear(float *x, int64_t n)
{
    if (x != NULL)
        memset(x, 0, (size_t)n * sizeof *x);
}

void mye_telling_begin(mye_run *run, int n)
{
    mye_telling *t = &run->told;
    clear(t->error, n);
    clear(t->spikes, n);
    clear(t->error_vector, (int64_t)n * run->K);
    clear(t->features, n * t->n_feature);
    clear(t->norm, (int64_t)t->n_slots * run->options.B);
}

static void add_spikes(mye_run *run, const mye_pass *p, const mye_node *n, int t0, int t1)
{
    const mye_value *v = &p->value[n->index];
    const int steps = mye_node_steps(n, t0, t1);
    const float copies = n->is_static ? (float)p->T : 1;
    if (v->data == NULL)
        return;
    for (int t = 0; t < steps; t++)
        for (int b = 0; b < p->B; b++) {
            const double count =
                v->format == MYE_BITS
                    ? (double)p->k->bits_count(v->row, mye_value_bits(p, n->index, t0 + t, b))
                    : p->k->sum_squares(v->n, mye_value_row(p, n->index, t0 + t, b));
            run->told.spikes[b] += copies * (float)count;
        }
}

/* Mean over the steps, as the readout weighs them, of what the last layer reads. */
static void add_features(mye_run *run, const mye_pass *p, const mye_node *n, int t0, int t1)
{
    const int64_t size = run->told.n_feature;
    const int steps = mye_node_steps(n, t0, t1);
    mye_lane *lane = &run->lane[0];
    const size_t mark = lane->used;
    float *row = mye_lane_take(lane, (size_t)size * sizeof *row);
    for (int t = 0; t < steps; t++)
        for (int b = 0; b < p->B; b++) {
            const mye_at at = {t0 + t, b, 0, size};
            const float weight = n->is_static ? 1 : run->time_weight[t0 + t];
            p->k->axpy(size, weight, mye_load(p, n->in[0], at, row, lane),
                       run->told.features + b * size);
        }
    lane->used = mark;
}

void mye_telling_forward(mye_run *run, mye_pass *p, int node, int t0, int t1)
{
    const mye_node *n = p->node[node];
    if (run->dry || p->rates || p->repeated)
        return;
    if (run->told.spikes != NULL && n->neuron != NULL && !n->auxiliary)
        add_spikes(run, p, n, t0, t1);
    if (run->told.features != NULL && node == run->told.feature)
        add_features(run, p, n, t0, t1);
}

void mye_telling_backward(mye_run *run, mye_pass *p, int node, int t0, int t1)
{
    mye_telling *t = &run->told;
    if (t->norm == NULL || t->slot[node] < 0 || p->data_only || !mye_run_works(run))
        return;
    const double start = mye_now_s();
    float *norm = t->norm + (int64_t)t->slot[node] * run->options.B;
    mye_gradient_norm(p->node[node], p, t0, t1, t->squares);
    for (int b = 0; b < p->B; b++)
        norm[b] += (float)sqrt(t->squares[b]);
    t->spent_s += mye_now_s() - start;
}

size_t mye_telling_lane_bytes(const mye_run *run, const mye_pass *p, int node)
{
    const mye_telling *t = &run->told;
    if (run->options.tells == 0)
        return 0;
    if (t->feature != 0 && node == t->feature) {
        const int from = p->node[node]->in[0];
        return mye_load_lane_bytes(p, from, t->n_feature) + (size_t)t->n_feature * sizeof(float) +
               MYE_ALIGN;
    }
    return t->slot[node] >= 0 ? mye_gradient_norm_lane_bytes(p->node[node], p) : 0;
}

void mye_telling_loss(mye_run *run, const mye_value *v, int t0, int t1)
{
    mye_telling *t = &run->told;
    const int B = run->pass[0]->pass.B, K = (int)v->n;
    const int first = v->outputs == 1 ? 0 : t0, end = v->outputs == 1 ? 1 : t1;
    for (int s = first; t->error != NULL && s < end; s++)
        for (int b = 0; b < B; b++) {
            const float *e = v->dout + ((int64_t)s * B + b) * K;
            t->error[b] += (float)sqrt(run->pass[0]->pass.k->sum_squares(K, e));
            if (t->error_vector != NULL && K == run->K)
                run->pass[0]->pass.k->add(K, e, t->error_vector + (int64_t)b * K);
        }
}

void mye_telling_answer(mye_run *run, int b, const float *output, int K, int best, bool right)
{
    if (run->told.confidence == NULL)
        return;
    double sum = 0;
    for (int k = 0; k < K; k++)
        sum += exp((double)output[k] - (double)output[best]);
    run->told.confidence[b] = (float)(1 / sum);
    run->told.right[b] = right;
}

/* Each norm's square as a float: sums of these are exact, in whatever order groups add them. */
double mye_run_told_squares(const mye_run *run, int b, bool readout)
{
    const mye_telling *t = &run->told;
    double sum = 0;
    for (int i = 0; i < run->model->n_nodes && t->norm != NULL; i++) {
        if (t->slot[i] < 0 || (readout && !t->is_read[i]))
            continue;
        const double norm = (double)t->norm[(int64_t)t->slot[i] * run->options.B + b];
        sum += (double)(float)(norm * norm);
    }
    return sum;
}

float mye_told_scale(const mye_target *target, int n, int b)
{
    /* Losses are means over the batch. */
    return (float)n / (target->weight != NULL ? target->weight[b] : 1.0f);
}

void mye_telling_end(mye_run *run, int n, const mye_target *target)
{
    mye_telling *t = &run->told;
    if (run->options.tells == 0 || target == NULL)
        return;
    for (int b = 0; b < n; b++) {
        const float own = mye_told_scale(target, n, b);
        if (t->error != NULL)
            t->error[b] *= own;
        if (t->error_vector != NULL)
            run->pass[0]->pass.k->scale(run->K, own, t->error_vector + (int64_t)b * run->K,
                                        t->error_vector + (int64_t)b * run->K);
        if (t->readout != NULL)
            t->readout[b] = own * (float)sqrt(mye_run_told_squares(run, b, true));
        if (t->layers != NULL)
            t->layers[b] = own * (float)sqrt(mye_run_told_squares(run, b, false));
    }
}

mye_told mye_run_told(const mye_run *run)
{
    const mye_telling *t = &run->told;
    return (mye_told){.loss = run->per_sample,
                      .error = t->error,
                      .readout = t->readout,
                      .layers = t->layers,
                      .spikes = t->spikes,
                      .confidence = t->confidence,
                      .right = t->right,
                      .error_vector = t->error_vector,
                      .feature = t->features,
                      .n_classes = run->K,
                      .n_feature = t->n_feature};
}

double mye_run_told_s(const mye_run *run)
{
    return run->told.spent_s;
}
