#include "net/run_internal.h"

#include "base/poison.h"
#include "net/means.h"
#include "net/rules.h"
#include "neuron/neuron.h"
#include "node/readout.h"

#include <string.h>

#define MAX_MODULES 512

static const mye_time_rule *time_rule(const mye_run *run)
{
    return (const mye_time_rule *)run->time.entry;
}

/* ---- passes and their buffers ---- */

static int add_buffer(mye_run *run, size_t bytes)
{
    if (run->n_buffers == run->cap_buffers) {
        const int cap = run->cap_buffers * 2 + 128;
        mye_buffer *grown =
            mye_grow(run->ctx, run->buffer, (size_t)run->cap_buffers * sizeof *grown,
                     (size_t)cap * sizeof *grown);
        if (grown == NULL) {
            run->failed = true;
            return -1;
        }
        run->buffer = grown;
        run->cap_buffers = cap;
    }
    run->buffer[run->n_buffers] = (mye_buffer){bytes, -1, -1, -1, false};
    return run->n_buffers++;
}

static int *slot_index(mye_pass *p, int node, mye_slot slot)
{
    return &((mye_pass_slots *)p)->buffer[node * MYE_SLOT_COUNT + (int)slot];
}

void mye_run_need(mye_run *run, mye_pass *p, int node, mye_slot slot, size_t bytes)
{
    if (!run->failed)
        *slot_index(p, node, slot) = add_buffer(run, bytes);
}

void mye_run_share(mye_run *run, mye_pass *pa, int node, mye_slot a, mye_pass *pb, mye_slot b)
{
    if (!run->failed)
        *slot_index(pa, node, a) = *slot_index(pb, node, b);
}

/* May the gradient of some input of n live where n's own gradient is? Then which input, else -1. */
static int aliased_input(const mye_run *run, const mye_pass *p, const mye_node *n)
{
    if (!(n->type->flags & MYE_NODE_GRAD_IN_PLACE))
        return -1;
    for (int k = 0; k < n->n_in; k++) {
        const mye_node *in = p->node[n->in[k]];
        const mye_value *a = &p->value[n->index], *b = &p->value[in->index];
        const bool in_step = n->is_static == in->is_static || p->T == 1;
        if (in->n_consumers == 1 && a->steps == b->steps && a->n == b->n && in->needs_grad &&
            in_step && in->index != run->model->output)
            return k;
    }
    return -1;
}

static bool same_module(const mye_run *run, int a, int b)
{
    for (int i = 0; i < run->n_modules; i++) {
        const mye_module *m = &run->module[i];
        if ((a >= m->first && a <= m->last) != (b >= m->first && b <= m->last) || a == m->output)
            return false;
    }
    return true;
}

/* The node that tells the gradient of neuron n, so that it needs no memory; 0: none. */
static int grad_teller(const mye_run *run, const mye_pass *p, const mye_node *n)
{
    if (n->neuron == NULL || n->n_consumers != 1 || run->options.rate_strength > 0)
        return 0; /* the term of the firing rates is added to a gradient in memory */
    for (int i = n->index + 1; i < p->n_nodes; i++) {
        const mye_node *reader = p->node[i];
        if (reader->n_in == 1 && reader->in[0] == n->index)
            return reader->type->tells_grad != NULL && reader->type->tells_grad(reader) &&
                           same_module(run, n->index, i)
                       ? i
                       : 0;
    }
    return 0;
}

static void describe_value(const mye_run *run, mye_pass *p, int window, const mye_node *n)
{
    mye_value *v = &p->value[n->index];
    v->n = mye_shape_size(n->shape);
    v->steps = n->is_static || p->T == 1 ? 1 : window;
    v->format = p->rates || run->options.smooth ? MYE_F32 : n->format;
    v->row = v->format == MYE_BITS ? (v->n + 63) / 64 : v->n;
    v->grad_from = grad_teller(run, p, n);
}

static void plan_buffers(mye_run *run, mye_pass *p)
{
    const bool grads = run->options.training;
    for (int i = 0; i < p->n_nodes && !run->failed; i++) {
        const mye_node *n = p->node[i];
        const mye_value *v = &p->value[i];
        const size_t cells = (size_t)v->steps * (size_t)run->options.B;
        const size_t word = v->format == MYE_BITS ? sizeof(uint64_t) : sizeof(float);
        if (n->type->load == NULL)
            mye_run_need(run, p, i, MYE_SLOT_DATA, cells * (size_t)v->row * word);
        if (grads && v->grad_from == 0 &&
            (n->needs_grad || (n->n_in == 0 && run->options.input_grad)))
            mye_run_need(run, p, i, MYE_SLOT_GRAD, cells * (size_t)v->n * sizeof(float));
    }
    for (int i = p->n_nodes - 1; grads && i >= 0; i--) {
        const int k = aliased_input(run, p, p->node[i]);
        if (k < 0 || run->failed || p->value[i].grad_from != 0)
            continue;
        const int in = p->node[i]->in[k];
        *slot_index(p, in, MYE_SLOT_GRAD) = *slot_index(p, i, MYE_SLOT_GRAD);
        p->value[in].grad_alias = true;
    }
}

/* Packing costs as much as a few images: it is repeated for larger batches, whose layers are better
 * off with Winograd's way, whose packed weights are four times as large. */
#define FEW_SAMPLES 16

static bool keeps_packed(const mye_run *run)
{
    const mye_run_options *o = &run->options;
    return o->keep_packed && !o->training && (o->int8 || o->B < FEW_SAMPLES);
}

/* Ways that layers may go. The gradient check and `exact` keep to the direct one. */
static unsigned allowed_ways(const mye_run *run)
{
    const unsigned direct = 1u << MYE_CONV_DIRECT;
    const int forced = mye_context_way(run->ctx);
    const unsigned also = run->options.int8 ? 1u << MYE_CONV_INT8 : 0;
    if (run->options.exact || run->options.smooth)
        return direct | also;
    if (forced != MYE_CONV_ANY)
        return direct | 1u << forced | also;
    return direct | 1u << MYE_CONV_SPIKES | also |
           (keeps_packed(run) ? 0 : 1u << MYE_CONV_WINOGRAD);
}

static int forced_way(const mye_run *run)
{
    if (run->options.int8)
        return MYE_CONV_INT8;
    return run->options.exact ? MYE_CONV_DIRECT : mye_context_way(run->ctx);
}

mye_pass *mye_run_add_pass(mye_run *run, int T, int window)
{
    const int n_nodes = run->model->n_nodes;
    mye_pass_slots *rp = mye_alloc(run->ctx, sizeof *rp);
    if (rp == NULL) {
        run->failed = true;
        return NULL;
    }
    run->pass[run->n_passes++] = rp;
    rp->window = window;
    rp->buffer = mye_alloc_array(run->ctx, (size_t)n_nodes * MYE_SLOT_COUNT, sizeof(int));
    mye_pass *p = &rp->pass;
    *p = (mye_pass){
        .lanes = {run->ctx, run->lane},
        .k = mye_context_table(run->ctx),
        .node = run->model->node,
        .n_nodes = n_nodes,
        .T = T,
        .B = run->options.B,
        .window = window,
        .training = run->options.training,
        .smooth = run->options.smooth,
        .rates = run->n_passes > 1,
        .ways = allowed_ways(run),
        .forced = forced_way(run),
        .keep_packed = keeps_packed(run),
        .profile = run->options.profile,
        .value = mye_alloc_array(run->ctx, (size_t)n_nodes, sizeof(mye_value)),
    };
    if (rp->buffer == NULL || p->value == NULL) {
        run->failed = true;
        return NULL;
    }
    for (int i = 0; i < n_nodes * MYE_SLOT_COUNT; i++)
        rp->buffer[i] = -1;
    for (int i = 0; i < n_nodes; i++)
        describe_value(run, p, window, p->node[i]);
    plan_buffers(run, p);
    return p;
}

/* ---- the step ---- */

/* Inference: every node, so many steps at once as fill the kernels; nothing is kept. */
static void infer(mye_run *run, const mye_module *m)
{
    mye_pass *p = &run->pass[0]->pass;
    for (int i = m->first; i <= m->last; i++)
        if (p->node[i]->is_static)
            mye_run_forward(run, p, i, 0, 1);
    for (int t = mye_run_first_span(run, p, false); t < p->T; t = mye_run_next_span(run, p, t)) {
        const int end = mye_run_span_end(run, p, t);
        for (int i = m->first; i <= m->last; i++)
            if (!p->node[i]->is_static)
                mye_run_forward(run, p, i, t, end);
        mye_run_collect(run, p, m, t, end);
    }
    if (run->target != NULL)
        mye_run_loss(run, m, 0, p->T);
}

/* Images at once that keep the kernels busy: more take memory and no less time. Behind feedback each
 * step needs the one before of all nodes. */
#define ENOUGH_IMAGES 128

static void prepare_inference(mye_run *run)
{
    const mye_run_options *o = &run->options;
    const bool one = o->B >= ENOUGH_IMAGES || mye_model_feedback(run->model, -1) >= 0;
    const int steps = one ? 1 : ENOUGH_IMAGES / o->B;
    const int window = steps < o->T ? steps : o->T;
    mye_pass *p = mye_run_add_pass(run, o->T, window);
    for (int i = 0; p != NULL && window < o->T && i < p->n_nodes; i++)
        if (p->node[i]->neuron != NULL)
            mye_run_need(run, p, i, MYE_SLOT_U,
                         (size_t)o->B * (size_t)p->value[i].n * sizeof(float));
}

/* One output (static nets, the rate pass) counts whole. */
const float *mye_run_time_weight(const mye_run *run)
{
    static const float one = 1.0f;
    return run->outputs == 1 ? &one : run->time_weight;
}

static void reset_buffers(mye_run *run)
{
    for (int i = 0; i < run->n_buffers; i++) {
        run->buffer[i].live = false;
        run->buffer[i].current = -1;
    }
    for (int q = 0; q < run->n_passes; q++)
        for (int i = 0; i < run->model->n_nodes; i++) {
            run->pass[q]->pass.value[i].grad_written = false;
            run->pass[q]->pass.value[i].half = NULL;
            run->pass[q]->pass.value[i].spikes = 0;
            run->pass[q]->pass.value[i].smooth_spikes = 0;
        }
    run->tick = 0;
    run->at_loop = 0;
    if (!run->dry)
        mye_poison(run->arena, run->arena_bytes);
    run->loss_value = 0;
    run->loss_factor = 1;
    run->collected = run->outputs = 0;
}

static void run_modules(mye_run *run)
{
    const mye_module whole = {0, run->model->n_nodes - 1, run->model->output};
    reset_buffers(run);
    if (!run->options.training) {
        run->at = &whole;
        infer(run, &whole);
        run->at = NULL;
    }
    for (int i = 0; run->options.training && i < run->n_modules; i++) {
        run->at = &run->module[i];
        time_rule(run)->step(run->time.options, run, run->at);
        if (!run->dry)
            run->loss_value += mye_rate_term_loss(run, run->at);
    }
    if (run->options.input_grad)
        mye_run_keep(run, &run->pass[0]->pass, 0, MYE_SLOT_GRAD);
}

/* Outputs collapsed over time as the readout says; returns how many are right. */
static int64_t score(mye_run *run, int B, const mye_target *target)
{
    const int K = run->K;
    const float *weight = mye_run_time_weight(run);
    int64_t correct = 0;
    for (int b = 0; b < B; b++) {
        float *o = run->mean + (int64_t)b * K;
        int best = 0;
        for (int k = 0; k < K; k++) {
            double sum = 0;
            for (int t = 0; t < run->collected; t++)
                sum += (double)weight[t] * (double)run->out[((int64_t)t * B + b) * K + k];
            o[k] = (float)sum;
            if (o[k] > o[best])
                best = k;
        }
        correct += target != NULL && target->label[b] == best;
    }
    return correct;
}

void mye_run_clear_gradient(const mye_model *model)
{
    if (!*model->grad_is_clear)
        memset(model->grad, 0, model->n_params * sizeof(float));
    *model->grad_is_clear = false;
}

mye_status mye_run_step(mye_run *run, int n, mye_source source, const mye_target *target,
                        uint64_t seed, mye_step_result *out, mye_error *err)
{
    if (n < 1 || n > run->options.B)
        return mye_fail(err, MYE_ERR_ARG, "a run for batches of up to %d samples got %d",
                        run->options.B, n);
    if (run->options.training && target == NULL)
        return mye_fail(err, MYE_ERR_ARG, "a training step wants labels, got none");
    for (int q = 0; q < run->n_passes; q++) {
        run->pass[q]->pass.B = n;
        run->pass[q]->pass.seed = seed;
    }
    if (run->options.training && mye_run_moves(run) && run->move == NULL)
        return mye_fail(err, MYE_ERR_STATE,
                        "time rule '%s' moves the weights at every time step: it wants a caller "
                        "that does so, got one that reads the gradient of a whole batch",
                        run->options.time);
    run->source = source;
    run->target = target;
    memset(run->per_sample, 0, (size_t)n * sizeof(float));
    if (run->options.training)
        mye_run_clear_gradient(run->model);
    run_modules(run);
    const int64_t correct = score(run, n, target);
    if (out != NULL)
        *out = (mye_step_result){run->loss_value, correct, run->per_sample, run->mean};
    return MYE_OK;
}

/* ---- making a run ---- */

/* What is wrong between axes, or between a rule and a network with feedback. */
static mye_status check_rule(const mye_run *run, mye_error *err)
{
    const mye_time_rule *rule = time_rule(run);
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
                        run->depth.entry->name, run->n_modules);
    if (o->training && mye_run_moves(run) && !loss->per_step)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "time rule '%s' moves the weights behind every step: it wants a loss of "
                        "each step (ce_step, ce_mse), got '%s'",
                        o->time, o->loss);
    if (o->training && rule->mean_output && loss->per_step && o->T > 1)
        return mye_fail(
            err, MYE_ERR_UNSUPPORTED,
            "time rule '%s' has one gradient for all steps: it wants a loss of the mean "
            "output (ce_mean, mse_mean), got '%s'",
            o->time, o->loss);
    return MYE_OK;
}

static mye_status parse_methods(mye_run *run, const mye_run_options *o, mye_error *err)
{
    MYE_TRY(mye_method_parse(run->ctx, &mye_kind_time, o->time, &run->time, err));
    MYE_TRY(mye_method_parse(run->ctx, &mye_kind_depth, o->depth, &run->depth, err));
    MYE_TRY(mye_method_parse(run->ctx, &mye_kind_loss, o->loss, &run->loss, err));
    run->module = mye_alloc_array(run->ctx, MAX_MODULES, sizeof *run->module);
    if (run->module == NULL)
        return mye_no_memory(err, MAX_MODULES * sizeof *run->module, "the list of modules");
    const mye_depth_rule *depth = (const mye_depth_rule *)run->depth.entry;
    MYE_TRY(depth->modules(run->depth.options, run->model, MAX_MODULES, run->module,
                           &run->n_modules, err));
    MYE_TRY(check_rule(run, err));
    if (o->training)
        MYE_TRY(mye_means_check(time_rule(run), o, run->model, err));
    if (run->options.training && time_rule(run)->check != NULL)
        MYE_TRY(time_rule(run)->check(run->time.options, run->model, &run->options, err));
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
            if (n->type->state_bytes != NULL)
                p->value[i].state = mye_arena_take(&arena, n->type->state_bytes(n, p));
        }
    return arena.used;
}

static void place_outputs(mye_run *run, mye_arena *arena)
{
    const size_t B = (size_t)run->options.B, K = (size_t)run->K, T = (size_t)run->options.T;
    run->out = mye_arena_take(arena, T * B * K * sizeof(float));
    if (run->options.training)
        run->dout = mye_arena_take(arena, T * B * K * sizeof(float));
    run->mean = mye_arena_take(arena, B * K * sizeof(float));
    run->per_sample = mye_arena_take(arena, B * sizeof(float));
    run->time_weight = mye_arena_take(arena, T * sizeof(float));
}

static mye_status dry_run(mye_run *run, mye_error *err)
{
    run->scratch = add_buffer(run, 0);
    run->dry = true;
    run->boundary = -1;
    if (!run->failed)
        run_modules(run);
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
    const size_t lanes = (size_t)mye_context_threads(ctx);
    run->lane = mye_alloc_array(ctx, lanes, sizeof *run->lane);
    if (run->lane == NULL)
        return mye_no_memory(err, lanes * sizeof *run->lane, "the list of lanes");
    if (options->training)
        time_rule(run)->prepare(run->time.options, run);
    else
        prepare_inference(run);
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
    mye_free(ctx, run->module);
    if (!borrows_arena(run))
        mye_free(ctx, run->arena);
    if (!borrows_lanes(run))
        mye_free(ctx, run->lanes);
    mye_free(ctx, run->state);
    mye_free(ctx, run->lane);
    mye_method_free(ctx, &run->time);
    mye_method_free(ctx, &run->depth);
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
    const mye_time_rule *rule = time_rule(run);
    return rule->moves != NULL && rule->moves(run->time.options);
}

void mye_run_set_move(mye_run *run, void (*move)(void *self), void *self)
{
    run->move = move;
    run->mover = self;
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
