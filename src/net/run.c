/* Making runs and freeing them. */
#include "net/run_internal.h"

#include "net/means.h"
#include "net/rules.h"
#include "neuron/neuron.h"
#include "node/feedback.h"
#include "node/readout.h"

#include <string.h>

static bool moves_by_itself(const mye_run *run)
{
    const mye_time_rule *rule = mye_run_rule(run);
    return rule->moves != NULL && rule->moves(run->time.options);
}

/* What is wrong between axes, or between a rule and a network with feedback. */
static mye_status check_rule(const mye_run *run, mye_error *err)
{
    const mye_time_rule *rule = mye_run_rule(run);
    const mye_run_options *o = &run->options;
    const mye_loss *loss = (const mye_loss *)run->loss.entry;
    const int feedback = mye_model_feedback(run->model, -1);
    if (run->options.training && feedback >= 0 && !rule->takes_feedback)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "time rule '%s' does not go back through node '%s' (feedback): networks "
                        "with feedback want spide or ide",
                        rule->entry.name, run->model->node[feedback]->name);
    if (run->n_modules > 1 && (feedback >= 0 || (run->options.training && rule->one_module)))
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "%s '%s' wants the whole network, and depth rule '%s' cuts it into %d "
                        "modules",
                        feedback >= 0 ? "feedback" : "time rule",
                        feedback >= 0 ? run->model->node[feedback]->name : rule->entry.name,
                        run->model->graph->depth.entry->name, run->n_modules);
    if (o->training && moves_by_itself(run) && !loss->per_step)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "time rule '%s' moves the weights behind every step: it wants a loss of "
                        "each step (ce_step, ce_mse), got '%s'",
                        o->time, o->loss);
    for (int k = 0; o->training && moves_by_itself(run) && k < run->n_modules; k++)
        if (run->module[k].fit.node != 0)
            return mye_fail(err, MYE_ERR_UNSUPPORTED,
                            "time rule '%s' moves the weights behind every step, and those of "
                            "node '%s' are solved when all samples are seen",
                            o->time, run->model->node[run->module[k].fit.node]->name);
    if (o->training && rule->mean_output && loss->per_step && o->T > 1)
        return mye_fail(
            err, MYE_ERR_UNSUPPORTED,
            "time rule '%s' has one gradient for all steps: it wants a loss of the mean "
            "output (ce_mean, mse_mean), got '%s'",
            o->time, o->loss);
    if (o->immediate && (rule->by_steps || run->model->n_modules < 2))
        return mye_fail(err, MYE_ERR_ARG,
                        "weights of a module can move at once where it is finished before the "
                        "next, got %d modules and time rule '%s'",
                        run->model->n_modules, o->time);
    if (o->training && !o->immediate && run->model->n_grads < run->model->n_params)
        return mye_fail(err, MYE_ERR_STATE,
                        "the modules of this model share one block of gradients: a training run "
                        "wants `immediate`");
    return MYE_OK;
}

static mye_status check_stage(const mye_run *run, mye_error *err)
{
    const mye_run_options *o = &run->options;
    const int n = run->model->n_modules;
    if (o->first_module < 0 || o->n_modules < 0 || o->first_module + o->n_modules > n ||
        (o->n_modules == 0 && o->first_module > 0))
        return mye_fail(err, MYE_ERR_ARG,
                        "a stage of %d modules wants some of them, got %d from %d on", n,
                        o->n_modules, o->first_module);
    if (o->n_modules > 0 && o->n_modules < n && !o->immediate)
        return mye_fail(err, MYE_ERR_ARG,
                        "a stage moves the weights of its modules at once: it wants `immediate`");
    return MYE_OK;
}

static mye_status parse_methods(mye_run *run, const mye_run_options *o, mye_error *err)
{
    MYE_TRY(mye_method_parse(run->ctx, &mye_kind_time, o->time, &run->time, err));
    MYE_TRY(mye_method_parse(run->ctx, &mye_kind_loss, o->loss, &run->loss, err));
    run->whole = (mye_module){.first = 0,
                              .last = run->model->n_nodes - 1,
                              .n_heads = 1,
                              .head = {{.output = run->model->output, .weight = 1}}};
    run->module = &run->whole;
    run->n_modules = 1;
    if (o->training && !o->whole) {
        MYE_TRY(check_stage(run, err));
        run->first_module = o->first_module;
        run->module = run->model->module + o->first_module;
        run->n_modules = o->n_modules > 0 ? o->n_modules : run->model->n_modules;
    }
    MYE_TRY(mye_run_take_part(run, err));
    MYE_TRY(check_rule(run, err));
    MYE_TRY(mye_run_check_direct(run, err));
    if (o->training)
        MYE_TRY(mye_means_check(mye_run_rule(run), o, run->model, err));
    if (run->options.training && mye_run_rule(run)->check != NULL)
        MYE_TRY(mye_run_rule(run)->check(run->time.options, run->model, &run->options, err));
    return MYE_OK;
}

static mye_status check_sizes(const mye_run *run, mye_error *err)
{
    const mye_run_options *o = &run->options;
    if (o->T < 1 || o->T > 4096)
        return mye_fail(err, MYE_ERR_ARG, "T wants 1 to 4096 time steps, got %d", o->T);
    if (o->B < 1 || o->B > 1 << 20)
        return mye_fail(err, MYE_ERR_ARG, "batch wants 1 to 1048576 samples, got %d", o->B);
    if (o->training && run->model->grad == NULL)
        return mye_fail(err, MYE_ERR_STATE,
                        "this model has no gradients: it was made for inference");
    for (int i = 0; i < run->model->n_nodes; i++) {
        const mye_node *n = run->model->node[i];
        if (n->neuron != NULL && n->neuron->single_step && o->T > 1)
            return mye_fail(err, MYE_ERR_UNSUPPORTED,
                            "neuron '%s' (%s) has no membrane and wants T = 1, got T = %d", n->name,
                            n->neuron->entry.name, o->T);
    }
    return MYE_OK;
}

/* State that stays for the whole run (batch statistics, masks): bytes, or pointers into `base`. */
static size_t place_state(mye_run *run, unsigned char *base)
{
    mye_arena arena = {base, SIZE_MAX, 0};
    for (int q = 0; q < run->n_passes; q++)
        for (int i = 0; i < run->model->n_nodes; i++) {
            mye_pass *p = &run->pass[q]->pass;
            const mye_node *n = p->node[i];
            if (n->type->state_bytes != NULL && mye_run_has(run, i))
                p->value[i].state = mye_arena_take(&arena, n->type->state_bytes(n, p));
        }
    return arena.used;
}

static void place_outputs(mye_run *run, mye_arena *arena)
{
    const size_t B = (size_t)run->options.B, K = (size_t)run->K, T = (size_t)run->options.T;
    run->mean = mye_arena_take(arena, B * K * sizeof(float));
    run->per_sample = mye_arena_take(arena, B * sizeof(float));
    run->time_weight = mye_arena_take(arena, T * sizeof(float));
    mye_telling_place(run, arena);
}

static mye_status dry_run(mye_run *run, mye_error *err)
{
    run->scratch = mye_run_add_buffer(run, 0);
    run->dry = true;
    run->boundary = -1;
    if (!run->failed)
        mye_run_all(run);
    run->dry = false;
    int *order = mye_alloc_array(run->ctx, (size_t)run->n_intervals + 1, sizeof(int));
    if (run->failed || order == NULL) {
        mye_free(run->ctx, order);
        return mye_no_memory(err, (size_t)run->n_intervals * sizeof(mye_interval),
                             "the memory plan of the run");
    }
    run->arena_bytes = mye_planner_place(run->interval, run->n_intervals, order);
    mye_free(run->ctx, order);
    mye_arena count = {NULL, SIZE_MAX, place_state(run, NULL)};
    place_outputs(run, &count);
    run->state_bytes = count.used;
    /* A little more than planned: alignment inside lanes. */
    run->lane_bytes = (run->lane_bytes + 4095) / 4096 * 4096 + 4096;
    return MYE_OK;
}

mye_status mye_run_prepare(mye_context *ctx, const mye_model *model, const mye_run_options *options,
                           mye_run **out, mye_error *err)
{
    mye_run *run = mye_alloc(ctx, sizeof *run);
    if (run == NULL)
        return mye_no_memory(err, sizeof *run, "a run");
    *out = run;
    run->ctx = ctx;
    run->model = model;
    run->options = *options;
    MYE_TRY(check_sizes(run, err));
    MYE_TRY(parse_methods(run, options, err));
    run->K = (int)mye_shape_size(model->node[model->output]->shape);
    MYE_TRY(mye_telling_prepare(run, err));
    const size_t modules = (size_t)model->n_modules;
    run->module_loss = mye_alloc_array(ctx, modules, sizeof *run->module_loss);
    if (run->module_loss == NULL)
        return mye_no_memory(err, modules * sizeof *run->module_loss, "the losses of modules");
    const size_t lanes = (size_t)mye_context_threads(ctx);
    run->lane = mye_alloc_array(ctx, lanes, sizeof *run->lane);
    if (run->lane == NULL)
        return mye_no_memory(err, lanes * sizeof *run->lane, "the list of lanes");
    if (options->training)
        mye_run_rule(run)->prepare(run->time.options, run);
    else
        mye_run_prepare_inference(run);
    if (!run->failed && mye_run_is_stage(run) && run->pass[0]->window < options->T)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "stages hand on all steps of a batch; time rule '%s' holds one at a time",
                        options->time);
    mye_run_plan_heads(run);
    return dry_run(run, err);
}

static bool borrows_arena(const mye_run *run)
{
    const mye_run *lender = run->options.lender;
    return lender != NULL && lender->arena_bytes >= run->arena_bytes;
}

static bool borrows_lanes(const mye_run *run)
{
    const mye_run *lender = run->options.lender;
    return lender != NULL && lender->lane_bytes >= run->lane_bytes;
}

static mye_status allocate(mye_run *run, mye_error *err)
{
    const size_t threads = (size_t)mye_context_threads(run->ctx);
    run->arena =
        borrows_arena(run) ? run->options.lender->arena : mye_alloc_big(run->ctx, run->arena_bytes);
    run->state = mye_alloc(run->ctx, run->state_bytes);
    run->lanes = borrows_lanes(run) ? run->options.lender->lanes
                                    : mye_alloc_big(run->ctx, threads * run->lane_bytes);
    if (run->arena == NULL || run->state == NULL || run->lanes == NULL)
        return mye_no_memory(err, mye_run_bytes(run), "the activations of a training step");
    for (size_t i = 0; i < threads; i++)
        run->lane[i] = (mye_lane){run->lanes + i * run->lane_bytes, run->lane_bytes, 0};
    mye_arena arena = {run->state, run->state_bytes, place_state(run, run->state)};
    place_outputs(run, &arena);
    mye_readout_weights(run->model->node[run->model->output], run->options.T, run->time_weight);
    return MYE_OK;
}

mye_status mye_run_create(mye_context *ctx, const mye_model *model, const mye_run_options *options,
                          mye_run **out, mye_error *err)
{
    mye_run *run = NULL;
    mye_status status = mye_run_prepare(ctx, model, options, &run, err);
    if (status == MYE_OK)
        status = allocate(run, err);
    if (status != MYE_OK) {
        mye_run_free(run);
        run = NULL;
    }
    *out = run;
    return status;
}

void mye_run_free(mye_run *run)
{
    if (run == NULL)
        return;
    mye_context *ctx = run->ctx;
    for (int q = 0; q < run->n_passes; q++) {
        mye_free(ctx, run->pass[q]->buffer);
        mye_free(ctx, run->pass[q]->pass.value);
        mye_free(ctx, run->pass[q]);
    }
    mye_free(ctx, run->buffer);
    mye_free(ctx, run->interval);
    mye_run_spans_free(run);
    mye_telling_free(run);
    mye_free(ctx, run->module_loss);
    mye_free(ctx, run->part);
    mye_free(ctx, run->inlet);
    mye_free(ctx, run->outlet);
    if (!borrows_arena(run))
        mye_free(ctx, run->arena);
    if (!borrows_lanes(run))
        mye_free(ctx, run->lanes);
    mye_free(ctx, run->state);
    mye_free(ctx, run->lane);
    mye_method_free(ctx, &run->time);
    mye_method_free(ctx, &run->loss);
    mye_free(ctx, run);
}

size_t mye_run_bytes(const mye_run *run)
{
    const size_t lanes = (size_t)mye_context_threads(run->ctx) * run->lane_bytes;
    return run->state_bytes + (borrows_arena(run) ? 0 : run->arena_bytes) +
           (borrows_lanes(run) ? 0 : lanes);
}

bool mye_run_moves(const mye_run *run)
{
    return run->options.immediate || moves_by_itself(run);
}

void mye_run_set_move(mye_run *run, void (*move)(void *self, int module), void *self)
{
    run->move = move;
    run->mover = self;
}

void mye_run_set_gather(mye_run *run,
                        void (*gather)(void *self, int module, const mye_gathered *in), void *self)
{
    run->gather = gather;
    run->gatherer = self;
}

void mye_run_set_watch(mye_run *run, mye_watch watch)
{
    run->watch = watch;
}

mye_pass *mye_run_pass(mye_run *run)
{
    return &run->pass[0]->pass;
}

mye_pass *mye_run_rate_pass(mye_run *run)
{
    return run->n_passes > 1 ? &run->pass[1]->pass : NULL;
}

const mye_model *mye_run_model(const mye_run *run)
{
    return run->model;
}

const mye_run_options *mye_run_asked(const mye_run *run)
{
    return &run->options;
}
