/* A conversion: the ANN, its data, what its activations are like. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "convert/convert.h"

enum { FOLD_IMAGES = 100 }; /* whose logits are compared with those of the unfolded network */

/* ---- the network and its data ---- */

static bool is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static mye_status open_data(mye_conversion *c, const mye_conversion_options *o, mye_error *err)
{
    const mye_config *config = &c->ann.config;
    const char *data = is_given(o->data) ? o->data : config->data;
    const char *dir = is_given(o->data_dir) ? o->data_dir : config->data_dir;
    if (!is_given(data))
        return mye_fail(err, MYE_ERR_ARG,
                        "the file does not say which data the network was trained on: name them");
    snprintf(c->data, sizeof c->data, "%s", data);
    snprintf(c->data_dir, sizeof c->data_dir, "%s", dir);
    MYE_TRY(mye_dataset_open(c->ctx, data, dir, "train", &c->train, err));
    return mye_dataset_open(c->ctx, data, dir, "test", &c->test, err);
}

static mye_status open_weights(mye_conversion *c, const char *path, const mye_conversion_options *o,
                               mye_error *err)
{
    if (!is_given(o->data))
        return mye_fail(err, MYE_ERR_ARG, "a file of weights alone wants its data named");
    MYE_TRY(mye_config_default(&c->ann.config, err));
    MYE_TRY(open_data(c, o, err));
    const mye_dataset_info *about = mye_dataset_about(c->test);
    return mye_trained_from_weights(c->ctx, path, o->net, "relu", about, &c->ann, err);
}

static mye_status refuse_events(const mye_conversion *c, mye_error *err)
{
    if (c->ann.about.frames > 0)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "conversion wants a network for images, got one for events");
    return MYE_OK;
}

static mye_status open_network(mye_conversion *c, const char *path, const mye_conversion_options *o,
                               mye_error *err)
{
    if (is_given(o->net))
        return open_weights(c, path, o, err);
    MYE_TRY(mye_trained_open(c->ctx, path, 1, &c->ann, err));
    MYE_TRY(refuse_events(c, err)); /* before their data is looked for */
    return open_data(c, o, err);
}

static int64_t at_most(int64_t asked, int64_t n)
{
    return asked > 0 && asked < n ? asked : n;
}

static mye_status set_input(mye_conversion *c, const mye_conversion_options *o, mye_error *err)
{
    mye_method method;
    MYE_TRY(mye_method_parse(c->ctx, &mye_kind_encoder, o->input, &method, err));
    const mye_encoder_type *to = (const mye_encoder_type *)(const void *)method.entry;
    snprintf(c->input, sizeof c->input, "%s", o->input);
    c->is_static = to->is_static;
    c->is_scaled = c->ann.input.type->normalised && to->normalised;
    mye_method_free(c->ctx, &method);
    return MYE_OK;
}

static mye_status check(mye_conversion *c, const mye_conversion_options *o, mye_error *err)
{
    MYE_TRY(mye_trained_check(&c->ann, mye_dataset_about(c->train), err));
    MYE_TRY(mye_trained_check(&c->ann, mye_dataset_about(c->test), err));
    MYE_TRY(refuse_events(c, err));
    if (o->batch < 1 || o->calibrate < 1 || o->limit < 0)
        return mye_fail(err, MYE_ERR_ARG,
                        "conversion wants a batch and calibration images of at least 1 and a limit "
                        "of at least 0, got %d, %lld and %lld",
                        o->batch, (long long)o->calibrate, (long long)o->limit);
    MYE_TRY(mye_trained_scaling(&c->ann, mye_dataset_about(c->test), o->normalise, err));
    c->batch = o->batch;
    c->seed = o->seed;
    c->n_calibrate = at_most(o->calibrate, mye_dataset_about(c->train)->n);
    c->n_test = at_most(o->limit, mye_dataset_about(c->test)->n);
    return set_input(c, o, err);
}

/* Bounds of sums and thresholds would be no numbers either. */
static mye_status check_weights(const mye_model *m, mye_error *err)
{
    for (int i = 0; i < m->n_nodes; i++)
        for (int k = 0; k < m->node[i]->n_weights; k++) {
            const mye_weight *w = &m->node[i]->weight[k];
            for (size_t at = 0; at < w->count; at++)
                if (!isfinite(w->data[at]))
                    return mye_fail(err, MYE_ERR_FORMAT,
                                    "weights are to be finite, but '%s' of the folded network "
                                    "holds %g",
                                    w->name, (double)w->data[at]);
        }
    return MYE_OK;
}

static mye_status fold(mye_conversion *c, mye_error *err)
{
    const bool inside = c->ann.input.type->normalised && !c->is_scaled;
    const mye_fold_options options = {.static_input = c->is_static,
                                      .mean = inside ? c->ann.about.mean : NULL,
                                      .deviation = c->ann.about.deviation};
    MYE_TRY(mye_fold(c->ann.model, &options, &c->folded, &c->about.n_folded, err));
    return check_weights(c->folded, err);
}

/* ---- the folded network beside the one it was made of ---- */

typedef struct logits {
    const mye_look *look;
    int K;
    int64_t room; /* samples */
    float *out;   /* [room][K], or NULL */
    int *answer;  /* or NULL            */
} logits;

static bool take_logits(void *self, const mye_pass *p, int t1, const float *out)
{
    const logits *l = self;
    const int64_t first = l->look->tester.seen;
    MYE_UNUSED(t1);
    for (int b = 0; b < p->B; b++) {
        const float *o = out + (int64_t)b * l->K;
        if (l->answer != NULL)
            l->answer[first + b] = mye_convert_class(o, l->K);
        if (first + b < l->room)
            memcpy(l->out + (first + b) * l->K, o, (size_t)l->K * sizeof *o);
    }
    return true;
}

static mye_status run_ann(mye_conversion *c, const mye_model *m, bool scaled, int64_t n, logits *l,
                          const char *phase, double *accuracy, mye_error *err)
{
    mye_look look = {.model = m, .encoder = "direct", .T = 1, .n = n, .phase = phase};
    look.watch = (mye_watch){.steps = take_logits, .self = l};
    l->look = &look;
    const bool is_scaled = c->is_scaled;
    c->is_scaled = scaled;
    const mye_status status = mye_convert_look(c, &look, err);
    c->is_scaled = is_scaled;
    if (status == MYE_OK)
        *accuracy = (double)look.tester.correct / (double)look.tester.seen;
    return status;
}

static mye_status compare(mye_conversion *c, mye_error *err)
{
    const int K = mye_model_classes(c->folded);
    const int64_t n = c->n_test < FOLD_IMAGES ? c->n_test : FOLD_IMAGES;
    float *out = mye_alloc_array(c->ctx, 2 * (size_t)(n * K), sizeof *out);
    c->answer = mye_alloc_array(c->ctx, (size_t)c->n_test, sizeof *c->answer);
    if (out == NULL || c->answer == NULL) {
        mye_free(c->ctx, out);
        return mye_no_memory(err, (size_t)c->n_test * sizeof *c->answer, "the ANN's answers");
    }
    logits before = {.K = K, .room = n, .out = out};
    logits behind = {.K = K, .room = n, .out = out + n * K, .answer = c->answer};
    mye_status status = run_ann(c, c->ann.model, c->ann.input.type->normalised, c->n_test, &before,
                                "ANN", &c->about.unfolded_accuracy, err);
    if (status == MYE_OK)
        status =
            run_ann(c, c->folded, c->is_scaled, c->n_test, &behind, "ANN", &c->about.accuracy, err);
    double most = 0, largest = 0;
    for (int64_t i = 0; i < n * K; i++) {
        most = fmax(most, fabs((double)out[i] - (double)out[n * K + i]));
        largest = fmax(largest, fabs((double)out[i]));
    }
    c->about.fold_error = largest > 0 ? most / largest : 0;
    mye_free(c->ctx, out);
    return status;
}

/* ---- the whole ---- */

static void describe(mye_conversion *c)
{
    mye_convert_ann *a = &c->about;
    a->source = c->source;
    a->data = c->data;
    a->input = c->input;
    a->n = c->n_test;
    a->calibrated = c->n_calibrate;
    a->n_layers = c->n_layers;
    a->layer = c->facts;
    for (int i = 0; i < c->folded->n_nodes; i++) {
        mye_ops ops = {0};
        if (c->folded->node[i]->type->count != NULL)
            c->folded->node[i]->type->count(c->folded->node[i], &ops);
        a->macs += ops.macs;
    }
}

static mye_status open(mye_conversion *c, const char *path, const mye_conversion_options *o,
                       mye_error *err)
{
    snprintf(c->source, sizeof c->source, "%s", path);
    MYE_TRY(open_network(c, path, o, err));
    MYE_TRY(check(c, o, err));
    MYE_TRY(fold(c, err));
    MYE_TRY(compare(c, err));
    MYE_TRY(mye_activations_measure(c, err));
    describe(c);
    return MYE_OK;
}

mye_status mye_conversion_open(mye_context *ctx, const char *path,
                               const mye_conversion_options *options,
                               const mye_callbacks *callbacks, mye_conversion **out, mye_error *err)
{
    static const mye_conversion_options plain = MYE_CONVERSION_OPTIONS;
    *out = NULL;
    mye_conversion *c = mye_alloc(ctx, sizeof *c);
    if (c == NULL)
        return mye_no_memory(err, sizeof *c, "a conversion");
    c->ctx = ctx;
    if (callbacks != NULL)
        c->callbacks = *callbacks;
    const mye_status status = open(c, path, options != NULL ? options : &plain, err);
    if (status == MYE_OK)
        *out = c;
    else
        mye_conversion_free(c);
    return status;
}

const mye_convert_ann *mye_conversion_ann(const mye_conversion *c)
{
    return &c->about;
}

void mye_conversion_free(mye_conversion *c)
{
    if (c == NULL)
        return;
    mye_activations_free(c);
    mye_model_free(c->folded);
    if (c->ann.ctx != NULL)
        mye_trained_free(&c->ann);
    mye_dataset_free(c->train);
    mye_dataset_free(c->test);
    mye_free(c->ctx, c->answer);
    mye_free(c->ctx, c);
}
