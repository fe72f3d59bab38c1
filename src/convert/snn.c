/* The spiking network that a method makes of the folded one. */
#include <float.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "convert/balance.h"
#include "convert/calibration.h"
#include "convert/convert.h"
#include "convert/rewrite.h"

static const mye_recipe *recipe_of(const mye_method *m)
{
    return (const mye_recipe *)(const void *)m->entry;
}

void mye_snn_note(mye_snn *snn, const char *format, ...)
{
    const size_t used = strlen(snn->notes);
    va_list args;
    va_start(args, format);
    vsnprintf(snn->notes + used, sizeof snn->notes - used, format, args);
    va_end(args);
    const size_t now = strlen(snn->notes);
    if (now + 1 < sizeof snn->notes)
        memcpy(snn->notes + now, "\n", 2);
}

mye_node *mye_snn_neuron(const mye_snn *snn, int layer)
{
    return snn->model->node[snn->node[layer]];
}

int mye_snn_layer(const mye_conversion *c, const mye_snn *snn, const mye_node *n)
{
    for (int l = 0; l < c->n_layers; l++)
        if (snn->node[l] == n->index)
            return l;
    return -1;
}

bool mye_neuron_has_param(const char *neuron, const char *param)
{
    for (const mye_param *p = mye_neuron_type_find(neuron)->entry.params; p && p->name; p++)
        if (strcmp(p->name, param) == 0)
            return true;
    return false;
}

/* ---- the network ---- */

static mye_status refuse_option(const mye_entry *method, const char *option, const char *neuron,
                                mye_error *err)
{
    return mye_fail(err, MYE_ERR_UNSUPPORTED,
                    "method '%s' has option %s, which its neuron '%s' does not know", method->name,
                    option, neuron);
}

/* Options of the neurons, as text. */
static mye_status neuron_options(const mye_recipe *r, const mye_recipe_options *o, bool per_neuron,
                                 char *out, size_t size, mye_error *err)
{
    static const char *const per[] = {"layer", "channel", "neuron"};
    const bool most = mye_neuron_has_param(r->neuron, "coef_max");
    const bool shift = mye_neuron_has_param(r->neuron, "shift");
    if (o->coef_max > 0 && !most)
        return refuse_option(&r->entry, "coef_max", r->neuron, err);
    if (o->shift && !shift)
        return refuse_option(&r->entry, "shift", r->neuron, err);
    int n = snprintf(out, size, "per=%s,v0=%.17g,v0_per=%s", per[o->per], o->v0,
                     per_neuron ? "neuron" : "layer");
    if (most)
        n += snprintf(out + n, size - (size_t)n, ",coef_max=%lld", (long long)o->coef_max);
    if (shift)
        snprintf(out + n, size - (size_t)n, ",shift=%s", o->shift ? "yes" : "no");
    return MYE_OK;
}

static mye_status write_nodes(const mye_conversion *c, mye_rewrite *r, const char *neuron,
                              const char *options, mye_error *err)
{
    for (int i = 1; i < c->folded->n_nodes; i++) {
        const mye_node *n = c->folded->node[i];
        mye_status st;
        if (mye_is_activation(n))
            st = mye_rewrite_node(r, i, neuron, options, err);
        else if (mye_rewrite_is(n, "maxpool"))
            st = mye_rewrite_node(r, i, "maxpool_differences", c->folded->text[i], err);
        else
            st = mye_rewrite_node(r, i, NULL, NULL, err);
        MYE_TRY(st);
    }
    return MYE_OK;
}

static mye_status make_model(const mye_conversion *c, mye_snn *snn, const char *neuron,
                             const char *options, mye_error *err)
{
    mye_rewrite r = {NULL};
    mye_status status = mye_rewrite_begin(c->folded, &r, err);
    if (status == MYE_OK)
        status = write_nodes(c, &r, neuron, options, err);
    if (status == MYE_OK)
        status = mye_rewrite_end(&r, c->is_static, &snn->model, err);
    for (int l = 0; l < c->n_layers && status == MYE_OK; l++)
        snn->node[l] = r.to[c->layer[l].node];
    mye_rewrite_free(&r);
    return status;
}

/* What a clipped activation cannot become: neurons have no upper limit on what they sent. */
static void note_clipping(const mye_conversion *c, mye_snn *snn)
{
    for (int l = 0; l < c->n_layers; l++) {
        const mye_node *n = c->folded->node[c->layer[l].node];
        char text[64];
        double cap = 0;
        if (mye_params_get(n->neuron->entry.params, n->options, "cap", text, sizeof text, NULL) ==
            MYE_OK)
            mye_parse_double(text, &cap);
        if (cap > 0 && c->facts[l].max >= cap)
            mye_snn_note(snn,
                         "'%s' is clipped at %g, and its neurons know no such limit but a spike "
                         "a step: thresholds below it, or a network without clipping",
                         n->name, cap);
    }
}

static mye_status create(const mye_conversion *c, const mye_method *m, mye_snn *snn, mye_error *err)
{
    const mye_recipe *r = recipe_of(m);
    const mye_recipe_options *o = m->options;
    char options[MYE_METHOD_MAX];
    mye_method calibration;
    MYE_TRY(mye_method_parse(c->ctx, &mye_kind_calibration, o->calibration, &calibration, err));
    const bool per_neuron = ((const mye_calibration *)(const void *)calibration.entry)->per_neuron;
    mye_method_free(c->ctx, &calibration);
    MYE_TRY(neuron_options(r, o, per_neuron, options, sizeof options, err));
    MYE_TRY(mye_method_text(m, false, snn->method, sizeof snn->method, err));
    snn->node = mye_alloc_array(c->ctx, (size_t)c->n_layers, sizeof *snn->node);
    if (snn->node == NULL)
        return mye_no_memory(err, (size_t)c->n_layers * sizeof *snn->node, "a list of neurons");
    MYE_TRY(make_model(c, snn, r->neuron, options, err));
    note_clipping(c, snn);
    return MYE_OK;
}

/* ---- thresholds ---- */

void mye_snn_set_thresholds(mye_snn *snn, int layer, const float *thmax, double factor)
{
    mye_node *n = mye_snn_neuron(snn, layer);
    mye_weight *theta = mye_node_find(n, "theta");
    size_t dead = 0;
    float most = 0;
    for (size_t g = 0; g < theta->count; g++)
        most = thmax[g] > most ? thmax[g] : most;
    /* What never fired may do so later: it takes the threshold of the strongest beside it. */
    const double strongest = factor * (double)most;
    const float otherwise = strongest >= (double)FLT_MIN ? (float)strongest : 1;
    for (size_t g = 0; g < theta->count; g++) {
        const double want = factor * (double)thmax[g];
        const bool is_dead = !(want >= (double)FLT_MIN); /* smaller: 0 as a float, or nearly */
        dead += is_dead;
        theta->data[g] = is_dead ? otherwise : (float)want;
    }
    if (!(strongest >= (double)FLT_MIN))
        mye_snn_note(snn, "'%s' never fires on the calibration images: its threshold is 1",
                     n->name);
    else if (dead > 0)
        mye_snn_note(snn,
                     "%zu of %zu groups of '%s' never fire on the calibration images: they take "
                     "the layer's largest threshold",
                     dead, theta->count, n->name);
}

static mye_status balance(mye_conversion *c, const mye_recipe_options *o, const mye_method *rule,
                          mye_snn *snn, mye_error *err)
{
    const mye_balance *b = (const mye_balance *)(const void *)rule->entry;
    if (b->one_for_layer && o->per != TRANSMIT_LAYER)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "rule '%s' has one threshold for a layer: it wants per=layer",
                        b->entry.name);
    for (int l = 0; l < c->n_layers; l++) {
        const int groups = (int)mye_node_find(mye_snn_neuron(snn, l), "theta")->count;
        const mye_balance_ask ask = {c, snn, l, o->per, groups, (int)o->T};
        float *thmax = mye_alloc_array(c->ctx, (size_t)groups, sizeof *thmax);
        mye_status status = thmax != NULL ? b->thresholds(rule->options, &ask, thmax, err)
                                          : mye_no_memory(err, 0, "thresholds");
        if (status == MYE_OK)
            mye_snn_set_thresholds(snn, l, thmax, o->scale / o->levels);
        mye_free(c->ctx, thmax);
        MYE_TRY(status);
    }
    return MYE_OK;
}

static mye_status settle(mye_conversion *c, const mye_method *m, mye_snn *snn, mye_error *err)
{
    const mye_recipe_options *o = m->options;
    mye_method rule, how;
    MYE_TRY(mye_method_parse(c->ctx, &mye_kind_balance, o->balance, &rule, err));
    mye_status status = balance(c, o, &rule, snn, err);
    mye_method_free(c->ctx, &rule);
    MYE_TRY(status);
    MYE_TRY(mye_method_parse(c->ctx, &mye_kind_calibration, o->calibration, &how, err));
    status =
        mye_calibrate((const mye_calibration *)(const void *)how.entry, c, snn, (int)o->T, err);
    mye_method_free(c->ctx, &how);
    return status;
}

/* ---- the public functions ---- */

mye_status mye_convert(mye_conversion *c, const char *method, mye_snn **out, mye_error *err)
{
    mye_method m;
    *out = NULL;
    MYE_TRY(mye_method_parse(c->ctx, &mye_kind_convert, method, &m, err));
    mye_snn *snn = mye_alloc(c->ctx, sizeof *snn);
    mye_status status = snn != NULL ? MYE_OK : mye_no_memory(err, sizeof *snn, "a network");
    if (status == MYE_OK) {
        snn->ctx = c->ctx;
        status = create(c, &m, snn, err);
    }
    if (status == MYE_OK)
        status = settle(c, &m, snn, err);
    mye_method_free(c->ctx, &m);
    if (status == MYE_OK)
        *out = snn;
    else
        mye_snn_free(snn);
    return status;
}

const char *mye_snn_method(const mye_snn *snn)
{
    return snn->method;
}

const char *mye_snn_notes(const mye_snn *snn)
{
    return snn->notes;
}

const mye_model *mye_snn_model(const mye_snn *snn)
{
    return snn->model;
}

void mye_snn_free(mye_snn *snn)
{
    if (snn == NULL)
        return;
    mye_model_free(snn->model);
    mye_free(snn->ctx, snn->node);
    mye_free(snn->ctx, snn);
}

mye_status mye_convert_save(const mye_conversion *c, const mye_snn *snn, int T, const char *path,
                            mye_error *err)
{
    if (T < 1 || T > 4096)
        return mye_fail(err, MYE_ERR_ARG,
                        "a converted network is saved for 1 to 4096 steps, got %d", T);
    mye_config config = c->ann.config;
    const mye_checkpoint_input *a = &c->ann.about;
    mye_dataset_info data = *mye_dataset_about(c->test);
    memcpy(data.mean, a->mean, sizeof data.mean);
    memcpy(data.deviation, a->deviation, sizeof data.deviation);
    config.T = T;
    MYE_TRY(mye_config_set(&config, "encoder", c->input, err));
    MYE_TRY(mye_config_set(&config, "data", c->data, err));
    MYE_TRY(mye_config_set(&config, "data_dir", c->data_dir, err));
    const mye_checkpoint file = {.ctx = c->ctx,
                                 .model = snn->model,
                                 .config = &config,
                                 .data = &data,
                                 .for_inference = true};
    return mye_checkpoint_save(&file, path, err);
}
