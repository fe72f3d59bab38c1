/* A converted network over the test images: accuracy and cost after every step. */
#include <math.h>
#include <string.h>

#include "convert/count.h"
#include "convert/miss.h"

typedef struct measuring {
    mye_conversion *c;
    const mye_measure_options *o;
    mye_look *look;
    mye_count count;
    mye_miss miss;
    int K, T;
    float *sum;           /* [batch][K] outputs so far                                  */
    int *answer, *change; /* [batch] class now, and since which step                    */
    int64_t *right;       /* [T] images that are right after step t + 1                 */
    int64_t *agree;       /* [T] and those with the ANN's class                         */
    double *error;        /* [points][layers]                                           */
    double change_sum, stop_sum;
    int64_t stop_right;
} measuring;

/* ---- after a step ---- */

static bool is_sure(const measuring *m, const float *sum, int best, int t)
{
    double total = 0;
    for (int k = 0; k < m->K; k++)
        total += exp(((double)sum[k] - (double)sum[best]) / t);
    return 1 / total >= m->o->stop_confidence;
}

static bool has_decided(const measuring *m, int b, int t)
{
    if (m->o->stop_stable > 0 && t - m->change[b] >= m->o->stop_stable)
        return true;
    return m->o->stop_confidence > 0 && is_sure(m, m->sum + (int64_t)b * m->K, m->answer[b], t);
}

static void decide(measuring *m, int B, int t)
{
    for (int b = 0; b < B; b++) {
        const int best = mye_convert_class(m->sum + (int64_t)b * m->K, m->K);
        if (t == 1 || best != m->answer[b])
            m->change[b] = t;
        m->answer[b] = best;
    }
}

/* The answers as they are count for step t. */
static void score(measuring *m, int B, int t)
{
    const int64_t first = m->look->tester.seen;
    for (int b = 0; b < B; b++) {
        m->right[t - 1] += m->answer[b] == m->look->tester.batch_at->label[b];
        m->agree[t - 1] += m->answer[b] == m->c->answer[first + b];
    }
}

/* rate_T: of which step the rates are, where the network stopped before t. */
static void add_error(measuring *m, int B, int t, int rate_T)
{
    for (int i = 0; i < m->o->n_steps; i++)
        if (m->o->steps[i] == t)
            mye_miss_add(&m->miss, B, m->look->tester.seen, rate_T,
                         m->error + (int64_t)i * m->c->n_layers);
}

/* The batch ends with step t: what it says now is what it would say later. */
static void end_batch(measuring *m, int B, int t)
{
    for (int later = t + 1; later <= m->T; later++) {
        score(m, B, later);
        add_error(m, B, later, t);
    }
    for (int b = 0; b < B; b++) {
        m->change_sum += m->change[b];
        m->stop_right += m->answer[b] == m->look->tester.batch_at->label[b];
    }
    m->stop_sum += (double)t * B;
}

static bool behind_step(void *self, const mye_pass *p, int t, const float *out)
{
    measuring *m = self;
    mye_convert_add_outputs(p, m->K, t, out, m->sum);
    decide(m, p->B, t);
    score(m, p->B, t);
    add_error(m, p->B, t, t);
    bool all = t < m->T;
    for (int b = 0; b < p->B && all; b++)
        all = has_decided(m, b, t);
    if (all || t == m->T)
        end_batch(m, p->B, t);
    return !all;
}

static void behind_node(void *self, const mye_pass *p, const mye_node *n, int t0, int t1)
{
    measuring *m = self;
    mye_count_node(&m->count, p, n, t0, t1);
    mye_miss_node(&m->miss, p, n, m->look->tester.seen, t0, t1);
}

/* ---- results ---- */

static double up_to(const double *by_step, int T)
{
    double sum = 0;
    for (int t = 0; t < T; t++)
        sum += by_step[t];
    return sum;
}

static void fill_point(const measuring *m, int64_t n, mye_convert_point *p)
{
    const double images = (double)n;
    p->accuracy = (double)m->right[p->T - 1] / images;
    p->agreement = (double)m->agree[p->T - 1] / images;
    for (int l = 0; l < m->c->n_layers; l++) {
        p->events += up_to(m->count.layer[l].events, p->T) / images;
        p->negative += up_to(m->count.layer[l].negative, p->T) / images;
        p->magnitude += up_to(m->count.layer[l].magnitude, p->T) / images;
    }
    p->sop = up_to(m->count.sop, p->T) / images;
    p->macs = m->count.macs;
    p->energy_ac = 1e-6 * (MYE_PJ_AC * p->sop + MYE_PJ_MAC * p->macs);
    p->energy_mac = 1e-6 * MYE_PJ_MAC * (p->sop + p->macs);
}

static void fill_layer(const measuring *m, int64_t n, int l, mye_convert_layer *out,
                       double *numbers)
{
    const mye_conversion *c = m->c;
    const mye_weight *theta = mye_node_find(mye_snn_neuron(m->count.snn, l), "theta");
    const int points = m->o->n_steps;
    double *error = numbers, *events = numbers + points, *magnitude = numbers + 2 * points;
    *out = (mye_convert_layer){.name = c->facts[l].name,
                               .neurons = c->layer[l].n,
                               .theta_min = (double)theta->data[0],
                               .theta_max = (double)theta->data[0],
                               .error = error,
                               .events = events,
                               .magnitude = magnitude,
                               .activation = m->miss.mean[l]};
    for (size_t g = 0; g < theta->count; g++) {
        out->theta_min = fmin(out->theta_min, (double)theta->data[g]);
        out->theta_max = fmax(out->theta_max, (double)theta->data[g]);
    }
    for (int i = 0; i < points; i++) {
        error[i] = m->error[(int64_t)i * c->n_layers + l] /
                   ((double)m->miss.images * (double)c->layer[l].n);
        events[i] = up_to(m->count.layer[l].events, m->o->steps[i]) / (double)n;
        magnitude[i] = up_to(m->count.layer[l].magnitude, m->o->steps[i]) / (double)n;
    }
}

static mye_status make_result(const measuring *m, mye_convert_result *out, mye_error *err)
{
    const size_t points = (size_t)m->o->n_steps, layers = (size_t)m->c->n_layers;
    out->point = mye_alloc_array(m->c->ctx, points, sizeof *out->point);
    out->layer = mye_alloc_array(m->c->ctx, layers, sizeof *out->layer);
    out->curve = mye_alloc_array(m->c->ctx, (size_t)m->T + 3 * points * layers, sizeof(double));
    if (out->point == NULL || out->layer == NULL || out->curve == NULL)
        return mye_no_memory(err, 0, "the results of a conversion");
    out->n = m->c->n_test;
    out->error_images = m->miss.images;
    out->n_points = m->o->n_steps;
    out->n_layers = m->c->n_layers;
    out->n_curve = m->T;
    for (int t = 0; t < m->T; t++) {
        out->curve[t] = (double)m->right[t] / (double)out->n;
        if (out->reaches == 0 && out->curve[t] >= m->c->about.accuracy - 0.005)
            out->reaches = t + 1;
    }
    for (int i = 0; i < out->n_points; i++) {
        out->point[i] = (mye_convert_point){.T = m->o->steps[i]};
        fill_point(m, out->n, &out->point[i]);
    }
    for (int l = 0; l < out->n_layers; l++)
        fill_layer(m, out->n, l, &out->layer[l], out->curve + m->T + 3 * out->n_points * l);
    out->stable = m->change_sum / (double)out->n;
    if (m->o->stop_stable > 0 || m->o->stop_confidence > 0) {
        out->stopped = m->stop_sum / (double)out->n;
        out->stopped_accuracy = (double)m->stop_right / (double)out->n;
    }
    return MYE_OK;
}

/* ---- the whole ---- */

static mye_status take_room(measuring *m, mye_error *err)
{
    mye_context *ctx = m->c->ctx;
    const size_t B = (size_t)m->c->batch, T = (size_t)m->T;
    m->sum = mye_alloc_array(ctx, B * (size_t)m->K, sizeof *m->sum);
    m->answer = mye_alloc_array(ctx, 2 * B, sizeof *m->answer);
    m->right = mye_alloc_array(ctx, 2 * T, sizeof *m->right);
    m->error =
        mye_alloc_array(ctx, (size_t)m->o->n_steps * (size_t)m->c->n_layers, sizeof *m->error);
    if (m->sum == NULL || m->answer == NULL || m->right == NULL || m->error == NULL)
        return mye_no_memory(err, B * (size_t)m->K * sizeof *m->sum, "a measurement");
    m->change = m->answer + B;
    m->agree = m->right + T;
    return MYE_OK;
}

static mye_status measure(measuring *m, const mye_snn *snn, mye_convert_result *out, mye_error *err)
{
    MYE_TRY(take_room(m, err));
    MYE_TRY(mye_count_create(m->c, snn, m->T, &m->count, err));
    MYE_TRY(mye_miss_create(m->c, snn, &m->miss, err));
    mye_look look = {.model = snn->model,
                     .encoder = m->c->input,
                     .T = m->T,
                     .n = m->c->n_test,
                     .phase = snn->method,
                     .watch = {.node = behind_node, .steps = behind_step, .self = m}};
    m->look = &look;
    const double start = mye_now_s();
    MYE_TRY(mye_convert_look(m->c, &look, err));
    out->images_per_s = (double)m->c->n_test / (mye_now_s() - start);
    out->method = mye_strdup(m->c->ctx, snn->method);
    if (out->method == NULL)
        return mye_no_memory(err, sizeof snn->method, "the name of a method");
    return make_result(m, out, err);
}

mye_status mye_convert_measure(mye_conversion *c, const mye_snn *snn,
                               const mye_measure_options *options, const mye_callbacks *callbacks,
                               mye_convert_result *out, mye_error *err)
{
    memset(out, 0, sizeof *out);
    MYE_TRY(mye_convert_check_steps(options->steps, options->n_steps, err));
    const mye_callbacks usual = c->callbacks;
    if (callbacks != NULL)
        c->callbacks = *callbacks;
    measuring m = {.c = c,
                   .o = options,
                   .K = mye_model_classes(c->folded),
                   .T = options->steps[options->n_steps - 1]};
    const mye_status status = measure(&m, snn, out, err);
    c->callbacks = usual;
    mye_count_free(&m.count);
    mye_miss_free(&m.miss);
    mye_free(c->ctx, m.sum);
    mye_free(c->ctx, m.answer);
    mye_free(c->ctx, m.right);
    mye_free(c->ctx, m.error);
    if (status != MYE_OK)
        mye_convert_result_free(c->ctx, out);
    return status;
}

void mye_convert_result_free(mye_context *ctx, mye_convert_result *r)
{
    mye_free(ctx, (void *)(uintptr_t)r->method);
    mye_free(ctx, r->point);
    mye_free(ctx, r->layer);
    mye_free(ctx, r->curve);
    r->method = NULL;
    r->point = NULL;
    r->layer = NULL;
    r->curve = NULL;
}
