/*
 * Checkpoints: a safetensors file that other programs can open for its weights, and that holds
 * everything a run needs to go on bit for bit:
 *
 *   <node>.<role>                   weights and buffers, outside layout; those of auxiliary nodes too,
 *                                   where training goes on from it (last), not in best
 *   optimizer.<block>.<node>.<role> state of the step rule, outside layout
 *   state.counters  I64 [6]         step, epoch, batch, seen, correct, best_epoch
 *   state.sums      F64 [2]         loss_sum, best_accuracy
 *   state.sample    U8              state of the sample policy
 *   state.ways      U8              how layers are computed (mye_run_ways_get)
 *   __metadata__                    myelin (version of this layout), config, net, input
 *
 * No times and no paths of this machine: the same training gives the same bytes.
 */
#include <string.h>

#include "io/jsontext.h"
#include "io/safetensors.h"
#include "train/pipeline.h"

#define LAYOUT_VERSION "1"
#define N_COUNTERS     6
#define N_SUMS         2
#define MAX_BLOCKS     MYE_STEP_MAX_STATE
#define NAME_BYTES     160

typedef struct saving {
    const mye_checkpoint *c;
    mye_st_item *item;
    char (*name)[NAME_BYTES];
    int n;
    int64_t counter[N_COUNTERS];
    double sum[N_SUMS];
    char *config, *net, *input;
    uint8_t *ways;
} saving;

/* ---- metadata ---- */

/* What names this machine or this session is left out. */
static mye_status config_text(const mye_checkpoint *c, char **out, mye_error *err)
{
    mye_config shown = *c->config;
    shown.out[0] = '\0';
    shown.threads = 0;
    shown.pipeline = 1;
    shown.memory = 0;
    /* The comparison of gradients looks on: with and without it the bytes are the same. */
    mye_config standard;
    MYE_TRY(mye_config_default(&standard, err));
    memcpy(shown.cosine, standard.cosine, sizeof shown.cosine);
    shown.cosine_batches = standard.cosine_batches;
    return mye_config_text(c->ctx, &shown, out, err);
}

static json_t *four(const float *values)
{
    json_t *list = json_array();
    for (int i = 0; i < 4; i++)
        json_array_append_new(list, json_real((double)values[i]));
    return list;
}

static mye_status input_text(const mye_checkpoint *c, char **out, mye_error *err)
{
    const mye_dataset_info *d = c->data;
    mye_text text = {.ctx = c->ctx};
    json_t *names = json_array();
    for (int k = 0; k < d->classes && d->class_names; k++)
        json_array_append_new(names, json_string(d->class_names[k]));
    json_t *object =
        json_pack("{s:i, s:i, s:i, s:i, s:i, s:o, s:o, s:o}", "C", d->C, "H", d->H, "W", d->W,
                  "frames", d->frames, "classes", d->classes, "mean", four(d->mean), "deviation",
                  four(d->deviation), "class_names", names);
    if (!mye_json_add(&text, object, JSON_COMPACT | JSON_REAL_PRECISION(17))) {
        mye_text_free(&text);
        return mye_no_memory(err, text.length, "a checkpoint");
    }
    *out = text.data;
    return MYE_OK;
}

/* ---- saving ---- */

static void export_weight(const void *self, const void *data, void *out)
{
    mye_weight_export(self, data, out);
}

static void add_optimiser(saving *s)
{
    const mye_model *m = s->c->model;
    float *block[MAX_BLOCKS];
    const char *name[MAX_BLOCKS];
    const int blocks = mye_stepper_blocks(s->c->stepper, block, name, MAX_BLOCKS);
    for (int k = 0; k < blocks; k++)
        for (int i = 0; i < m->n_trainable; i++) {
            const mye_weight *w = m->weight[i];
            if (w->auxiliary && s->c->for_inference)
                continue;
            char *text = s->name[k * m->n_trainable + i];
            snprintf(text, NAME_BYTES, "optimizer.%s.%s", name[k], w->name);
            mye_st_item *item = &s->item[s->n++];
            *item = (mye_st_item){.name = text,
                                  .dtype = MYE_DTYPE_F32,
                                  .rank = w->rank,
                                  .data = block[k] + (w->data - m->param),
                                  .convert = export_weight,
                                  .self = w};
            for (int d = 0; d < w->rank; d++)
                item->dim[d] = w->dim[d];
        }
}

static void add_state(saving *s)
{
    const mye_progress_state *p = s->c->state;
    const int64_t counter[N_COUNTERS] = {
        mye_stepper_counter(s->c->stepper), p->epoch, p->batch, p->seen, p->correct, p->best_epoch};
    const double sum[N_SUMS] = {p->loss_sum, p->best_accuracy};
    memcpy(s->counter, counter, sizeof counter);
    memcpy(s->sum, sum, sizeof sum);
    s->item[s->n++] = (mye_st_item){.name = "state.counters",
                                    .dtype = MYE_DTYPE_I64,
                                    .rank = 1,
                                    .dim = {N_COUNTERS},
                                    .data = s->counter};
    s->item[s->n++] = (mye_st_item){
        .name = "state.sums", .dtype = MYE_DTYPE_F64, .rank = 1, .dim = {N_SUMS}, .data = s->sum};
}

static void add_sample_state(saving *s)
{
    size_t bytes;
    const void *sample = mye_sampler_state(s->c->sampler, &bytes);
    if (sample)
        s->item[s->n++] = (mye_st_item){.name = "state.sample",
                                        .dtype = MYE_DTYPE_U8,
                                        .rank = 1,
                                        .dim = {(int64_t)bytes},
                                        .data = sample};
}

static void add_ways(saving *s, size_t bytes)
{
    if (s->c->pipeline != NULL)
        mye_pipeline_ways_get(s->c->pipeline, s->ways);
    else
        mye_run_ways_get(s->c->run, s->ways);
    s->item[s->n++] = (mye_st_item){.name = "state.ways",
                                    .dtype = MYE_DTYPE_U8,
                                    .rank = 1,
                                    .dim = {(int64_t)bytes},
                                    .data = s->ways};
}

static mye_status save(saving *s, const char *path, mye_error *err)
{
    const mye_checkpoint *c = s->c;
    const size_t n_names = (size_t)c->model->n_trainable * MAX_BLOCKS;
    const size_t n_items = (size_t)c->model->n_weights + n_names + 4;
    size_t ways = 0;
    if (c->stepper != NULL)
        ways =
            c->pipeline != NULL ? mye_pipeline_ways_bytes(c->pipeline) : mye_run_ways_bytes(c->run);
    s->item = mye_alloc_array(c->ctx, n_items, sizeof *s->item);
    s->name = mye_alloc_array(c->ctx, n_names, sizeof *s->name);
    s->ways = mye_alloc(c->ctx, ways);
    if (!s->item || !s->name || !s->ways)
        return mye_no_memory(err, n_items * sizeof *s->item, "the list of a checkpoint's tensors");
    MYE_TRY(config_text(c, &s->config, err));
    MYE_TRY(mye_model_yaml(c->model, &s->net, err));
    MYE_TRY(input_text(c, &s->input, err));
    /* In falling size of the numbers, so that every tensor is aligned in the file. */
    if (c->stepper != NULL)
        add_state(s);
    s->n += mye_weight_items(c->model, !c->for_inference, s->item + s->n);
    if (c->stepper != NULL) {
        add_optimiser(s);
        add_sample_state(s);
        add_ways(s, ways);
    }
    const mye_st_pair meta[] = {
        {"myelin", LAYOUT_VERSION}, {"config", s->config}, {"net", s->net}, {"input", s->input}};
    bool is_new;
    float *scratch = mye_weight_scratch(c->ctx, c->model, &is_new);
    const mye_status status =
        mye_st_write(c->ctx, path, s->item, s->n, meta, sizeof meta / sizeof *meta, scratch, err);
    if (is_new)
        mye_free(c->ctx, scratch);
    return status;
}

mye_status mye_checkpoint_save(const mye_checkpoint *c, const char *path, mye_error *err)
{
    saving s = {.c = c};
    const mye_status status = save(&s, path, err);
    mye_free(c->ctx, s.item);
    mye_free(c->ctx, s.name);
    mye_free(c->ctx, s.ways);
    mye_text_release(c->ctx, s.config);
    mye_free(c->ctx, s.input);
    mye_model_text_free(c->model, s.net);
    return status;
}
