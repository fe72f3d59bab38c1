/* Modules: no gradient crosses a border, whatever rule works inside; their weights may move one
 * module after the other; what is planned is what is allocated. */
#include "depth_support.h"

#include "myelin/verify.h"
#include "step/step.h"

static const char *const small = "4C3-BN-N-6C3-BN-N-MP2-6C3-BN-N-FC10";
static const char *const online = "4C3-BN-N-6C3-BN-N-AP2-6C3-BN-N-FC10";

static const char *const depths[] = {"auglocal:a=1", "dgl",     "greedy",
                                     "predsim",      "infopro", "infopro:head=contrast"};
static const char *const times[] = {
    "bptt",           "bptt:mode=s", "bptt:checkpoint=node", "bptt:checkpoint=block",
    "bptt:keep=bf16", "rate",        "rate:mode=s",          "sltt",
    "sltt:K=2",       "ottt"};
enum { N_DEPTHS = sizeof depths / sizeof *depths, N_TIMES = sizeof times / sizeof *times };
enum { T = 3, B = 4 };

/* DSR has neurons of its own. */
static const char *neuron_for(const char *time)
{
    return strncmp(time, "dsr", 3) == 0 ? "dsr_if" : "lif";
}

static float *copy_of(const float *from, size_t n)
{
    float *copy = malloc((n + 1) * sizeof *copy);
    assert_non_null(copy);
    memcpy(copy, from, n * sizeof *copy);
    return copy;
}

/* ---- isolation ---- */

/* All weights of a module, or those of its auxiliary nodes alone, are no numbers. */
static void poison(mye_model *model, const mye_module *m, bool auxiliary_only)
{
    for (int i = m->first; i <= m->last; i++)
        for (int k = 0; k < model->node[i]->n_weights; k++) {
            mye_weight *w = &model->node[i]->weight[k];
            for (size_t j = 0; w->trainable && (w->auxiliary || !auxiliary_only) && j < w->count;
                 j++)
                w->data[j] = NAN;
        }
}

static void expect_equal(const mye_model *model, const float *g, const mye_module *m,
                         const char *depth, const char *time)
{
    if (memcmp(g + m->param, model->grad + m->param, m->n_params * sizeof *g) != 0)
        fail_msg("%s, %s: the gradient of module %d changed", depth, time,
                 (int)(m - model->module));
    for (size_t i = 0; i < m->n_params; i++)
        assert_true(isfinite(g[m->param + i]));
}

/* Later modules, and an earlier one's auxiliary network, have no say in a module's gradient; nor has
 * a module any in that of those before it. */
static void check_isolation(mye_context *ctx, const char *depth, const char *time)
{
    mye_model *model = cut_model(ctx, (cut_net){online, neuron_for(time), depth, 2, 12});
    float *param = copy_of(model->param, model->n_params);
    mye_run *run = depth_run(ctx, model, time, T, B);
    depth_step(run, B);
    float *g = copy_of(model->grad, model->n_params);
    const int K = model->n_modules;
    assert_true(K >= 2);
    for (int k = 1; k < K; k++) {
        poison(model, &model->module[k], false);
        depth_step(run, B);
        for (int j = 0; j < k; j++)
            expect_equal(model, g, &model->module[j], depth, time);
        assert_true(isnan(model->grad[model->module[k].param]));
        memcpy(model->param, param, model->n_params * sizeof *param);
    }
    for (int k = 0; k + 1 < K; k++) {
        poison(model, &model->module[k], true);
        depth_step(run, B);
        for (int j = 0; j < K; j++)
            if (j != k)
                expect_equal(model, g, &model->module[j], depth, time);
        memcpy(model->param, param, model->n_params * sizeof *param);
    }
    mye_run_free(run);
    mye_model_free(model);
    free(param);
    free(g);
}

static void gradients_stay_in_their_module(void **state)
{
    (void)state;
    mye_context *ctx = context(2);
    for (int d = 0; d < N_DEPTHS; d++)
        for (int t = 0; t < N_TIMES; t++)
            check_isolation(ctx, depths[d], times[t]);
    mye_context_free(ctx);
}

/* ---- a module learns as a network of its own would ---- */

static const mye_weight *find_weight(const mye_model *model, const char *name)
{
    for (int i = 0; i < model->n_weights; i++)
        if (strcmp(model->weight[i]->name, name) == 0)
            return model->weight[i];
    fail_msg("no weight '%s'", name);
    abort();
}

/* Weights of module 0, in the order of its nodes, are those of the other network. */
static void check_alone(mye_context *ctx, const char *time)
{
    mye_model *cut = cut_model(ctx, (cut_net){"4C3-BN-N-4C3-BN-N-4C3-BN-N-GAP-FC10",
                                              neuron_for(time), "auglocal:a=1", 2, 8});
    mye_model *alone =
        cut_model(ctx, (cut_net){"4C3-BN-N-4C3-BN-N-GAP-FC10", neuron_for(time), "global", 2, 8});
    const mye_module *m = &cut->module[0];
    assert_int_equal(m->n_params, alone->n_params);
    memcpy(alone->param, cut->param + m->param, m->n_params * sizeof(float));
    mye_run *a = depth_run(ctx, cut, time, T, B), *b = depth_run(ctx, alone, time, T, B);
    const double la = depth_step(a, B).module_loss[0], lb = depth_step(b, B).loss;
    if (la != lb || memcmp(cut->grad + m->param, alone->grad, m->n_params * sizeof(float)) != 0)
        fail_msg("%s: losses %.9g and %.9g", time, la, lb);
    mye_run_free(a);
    mye_run_free(b);
    mye_model_free(cut);
    mye_model_free(alone);
}

static void a_module_is_trained_like_a_network(void **state)
{
    (void)state;
    mye_context *ctx = context(2);
    for (int t = 0; t < N_TIMES; t++)
        check_alone(ctx, times[t]);
    mye_context_free(ctx);
}

/* ---- rules agree ---- */

static void expect_rules_agree(mye_context *ctx, const char *depth, const char *time)
{
    mye_model *model = cut_model(ctx, (cut_net){online, "lif", depth, 2, 12});
    mye_run *bptt = depth_run(ctx, model, "bptt", 1, B), *other = depth_run(ctx, model, time, 1, B);
    depth_step(bptt, B);
    float *g = copy_of(model->grad, model->n_params);
    depth_step(other, B);
    const double d = relative_difference(g, model->grad, model->n_params);
    if (d > 2e-5)
        fail_msg("%s: %s differs from bptt by %g at T = 1", depth, time, d);
    mye_run_free(bptt);
    mye_run_free(other);
    mye_model_free(model);
    free(g);
}

static void rules_agree_at_one_step(void **state)
{
    static const char *const rules[] = {"bptt:mode=s", "rate", "rate:mode=s", "sltt", "ottt"};
    (void)state;
    mye_context *ctx = context(2);
    for (int d = 0; d < N_DEPTHS; d++)
        for (size_t t = 0; t < sizeof rules / sizeof *rules; t++)
            expect_rules_agree(ctx, depths[d], rules[t]);
    mye_context_free(ctx);
}

static void gradients_agree_with_differences(void **state)
{
    (void)state;
    mye_context *ctx = context(2);
    for (int d = 0; d < N_DEPTHS; d++)
        for (int t = 0; t < 2; t++) {
            mye_gradcheck_options o = MYE_GRADCHECK_OPTIONS;
            mye_gradcheck_item *item = NULL;
            int n = 0;
            mye_error err = {0};
            mye_model *model =
                cut_model(ctx, (cut_net){online, "lif:detach_reset=no", depths[d], 2, 8});
            o.time = t == 0 ? "bptt" : "bptt:checkpoint=block";
            o.batch = 16;
            o.step = 0.002;
            o.tolerance = 0.04;
            o.entries = 6;
            if (mye_gradcheck(ctx, model, &o, &item, &n, &err) != MYE_OK)
                fail_msg("%s", err.message);
            for (int i = 0; i < n; i++)
                if (!item[i].passed)
                    fail_msg("%s: %s differs by %g of %g", depths[d], item[i].name, item[i].error,
                             item[i].largest);
            mye_gradcheck_free(ctx, item);
            mye_model_free(model);
        }
    mye_context_free(ctx);
}

/* ---- checkpointing ---- */

static void groups_of_layers_give_the_same_bits(void **state)
{
    static const cut_net nets[] = {
        {"resnet20:width=0.5", "relu", "global", 3, 32},
        {"resnet20:width=0.5", "relu", "auglocal:a=4", 3, 32},
        {"vgg11:width=0.125", "lif", "global", 3, 32},
        {"preact-resnet18:width=0.125", "lif", "global", 3, 32},
        {"sew-resnet18:width=0.125", "lif", "global", 3, 32},
        {"8C3-BN-LIF-DO0.3-8C3-BN-LIF-MP2-8C3-BN-LIF-8C3-BN-LIF-FC10", "lif", "global", 3, 32},
    };
    (void)state;
    mye_context *ctx = context(2);
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        const int steps = strcmp(nets[i].neuron, "relu") == 0 ? 1 : 3;
        mye_model *model = cut_model(ctx, nets[i]);
        float *stats = copy_of(model->buffer, model->n_buffers);
        mye_run *whole = depth_run(ctx, model, "bptt", steps, 3);
        const double loss = depth_step(whole, 3).loss;
        float *g = copy_of(model->grad, model->n_params);
        float *moved = copy_of(model->buffer, model->n_buffers);
        memcpy(model->buffer, stats, model->n_buffers * sizeof *stats);
        mye_run *groups = depth_run(ctx, model, "bptt:checkpoint=block", steps, 3);
        if (depth_step(groups, 3).loss != loss ||
            memcmp(g, model->grad, model->n_params * sizeof *g) != 0)
            fail_msg("%s, %s: not the same bits", nets[i].net, nets[i].depth);
        assert_memory_equal(moved, model->buffer, model->n_buffers * sizeof *moved);
        assert_true(mye_run_bytes(groups) < mye_run_bytes(whole));
        mye_run_free(whole);
        mye_run_free(groups);
        mye_model_free(model);
        free(stats);
        free(g);
        free(moved);
    }
    mye_context_free(ctx);
}

/* ---- weights that move module by module ---- */

typedef struct mover {
    mye_stepper *stepper;
    double clip;
} mover;

static void move(void *self, int module)
{
    const mover *m = self;
    if (module < 0)
        mye_stepper_apply(m->stepper, m->clip);
    else
        mye_stepper_apply_module(m->stepper, module, m->clip);
}

/* Weights after three steps. */
static float *trained(mye_context *ctx, const char *depth, const char *time, const char *step,
                      bool immediate, size_t *n)
{
    mye_model *model = cut_model(ctx, (cut_net){small, "lif", depth, 2, 12});
    if (immediate)
        assert_int_equal(mye_model_share_gradients(model, NULL), MYE_OK);
    mover m = {NULL, 0};
    assert_int_equal(mye_stepper_create(ctx, model, step, "constant", 100, 100, &m.stepper, NULL),
                     MYE_OK);
    const mye_run_options o = {
        .time = time, .loss = "ce_mean", .T = T, .B = B, .training = true, .immediate = immediate};
    mye_run *run = NULL;
    assert_int_equal(mye_run_create(ctx, model, &o, &run, NULL), MYE_OK);
    mye_run_set_move(run, move, &m);
    for (int i = 0; i < 3; i++) {
        depth_step(run, B);
        if (immediate)
            mye_stepper_advance(m.stepper);
        else
            move(&m, -1);
    }
    float *param = copy_of(model->param, model->n_params);
    *n = model->n_params;
    mye_run_free(run);
    mye_stepper_free(m.stepper);
    mye_model_free(model);
    return param;
}

static void moving_at_once_gives_the_same_weights(void **state)
{
    static const char *const rules[] = {"bptt", "bptt:checkpoint=block", "rate", "rate:mode=s"};
    static const char *const steps[] = {"sgd:lr=0.1,momentum=0.9,nesterov=yes,weight_decay=1e-3",
                                        "adamw:lr=0.01"};
    (void)state;
    mye_context *ctx = context(2);
    for (int d = 0; d < N_DEPTHS; d++)
        for (size_t t = 0; t < sizeof rules / sizeof *rules; t++)
            for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
                size_t n = 0;
                float *a = trained(ctx, depths[d], rules[t], steps[s], false, &n);
                float *b = trained(ctx, depths[d], rules[t], steps[s], true, &n);
                if (memcmp(a, b, n * sizeof *a) != 0)
                    fail_msg("%s, %s, %s: not the same weights", depths[d], rules[t], steps[s]);
                free(a);
                free(b);
            }
    mye_context_free(ctx);
}

static void who_learns_step_by_step_cannot_move_at_once(void **state)
{
    (void)state;
    mye_context *ctx = context(1);
    mye_model *model = cut_model(ctx, (cut_net){online, "lif", "dgl", 2, 12});
    const mye_run_options o = {
        .time = "sltt", .loss = "ce_mean", .T = T, .B = B, .training = true, .immediate = true};
    mye_run *run = NULL;
    mye_error err = {0};
    assert_int_equal(mye_run_create(ctx, model, &o, &run, &err), MYE_ERR_ARG);
    assert_non_null(strstr(err.message, "finished before the next"));
    assert_int_equal(mye_model_share_gradients(model, NULL), MYE_OK);
    mye_run_options late = o;
    late.immediate = false;
    assert_int_equal(mye_run_create(ctx, model, &late, &run, &err), MYE_ERR_STATE);
    assert_non_null(strstr(err.message, "share one block of gradients"));
    mye_model_free(model);
    mye_context_free(ctx);
}

/* ---- memory ---- */

static void planned_is_allocated_for_every_cut(void **state)
{
    (void)state;
    mye_context *ctx = context(2);
    for (int d = 0; d < N_DEPTHS + 8; d++)
        for (int t = 0; t < N_TIMES; t++) {
            char text[64];
            snprintf(text, sizeof text, "auglocal:a=%d", d - N_DEPTHS + 1);
            const bool deep = d >= N_DEPTHS;
            if (deep && t > 0)
                continue;
            const cut_net net = deep ? (cut_net){"resnet20:width=0.5", "relu", text, 3, 32}
                                     : (cut_net){online, neuron_for(times[t]), depths[d], 2, 12};
            mye_model *model = cut_model(ctx, net);
            const mye_run_options o = {.time = times[t],
                                       .loss = "ce_mean",
                                       .T = deep ? 1 : T,
                                       .exact = true,
                                       .B = B,
                                       .training = true};
            mye_plan plan;
            assert_int_equal(mye_run_count(ctx, model, &o, &plan, NULL), MYE_OK);
            mye_run *run = depth_run(ctx, model, times[t], o.T, B);
            assert_int_equal(plan.run_bytes + plan.scratch_bytes, mye_run_bytes(run));
            assert_int_equal(plan.modules, model->n_modules);
            depth_step(run, B);
            depth_step(run, B - 1); /* a smaller last batch finds its memory too */
            mye_plan_free(ctx, &plan);
            mye_run_free(run);
            mye_model_free(model);
        }
    mye_context_free(ctx);
}

/* ---- the network itself ---- */

static void the_whole_network_can_still_be_asked(void **state)
{
    (void)state;
    mye_context *ctx = context(2);
    mye_model *plain = cut_model(ctx, (cut_net){small, "lif", "global", 2, 12});
    for (int d = 0; d < N_DEPTHS; d++) {
        mye_model *cut = cut_model(ctx, (cut_net){small, "lif", depths[d], 2, 12});
        const mye_run_options o = {.time = "bptt",
                                   .loss = "ce_mean",
                                   .T = T,
                                   .B = B,
                                   .training = true,
                                   .exact = true,
                                   .whole = true};
        mye_run *a = depth_run(ctx, plain, "bptt", T, B), *b = NULL;
        assert_int_equal(mye_run_create(ctx, cut, &o, &b, NULL), MYE_OK);
        assert_true(depth_step(a, B).loss == depth_step(b, B).loss);
        for (int i = 0; i < plain->n_trainable; i++) {
            const mye_weight *w = plain->weight[i], *v = find_weight(cut, w->name);
            assert_memory_equal(w->data, v->data, w->count * sizeof(float)); /* same beginnings */
            assert_memory_equal(w->grad, v->grad, w->count * sizeof(float));
        }
        mye_run_free(a);
        mye_run_free(b);
        mye_model_free(cut);
    }
    mye_model_free(plain);
    mye_context_free(ctx);
}

static void inference_does_not_know_auxiliary_networks(void **state)
{
    (void)state;
    mye_context *ctx = context(2);
    mye_model *plain = cut_model(ctx, (cut_net){small, "lif", "global", 2, 12});
    for (int d = 0; d < N_DEPTHS; d++) {
        mye_model *cut = cut_model(ctx, (cut_net){small, "lif", depths[d], 2, 12});
        const mye_run_options o = {.time = "bptt", .loss = "ce_mean", .T = T, .B = B};
        mye_run *a = NULL, *b = NULL;
        char *yaml[2];
        for (int k = 0; k + 1 < cut->n_modules; k++)
            poison(cut, &cut->module[k], true);
        assert_int_equal(mye_run_create(ctx, plain, &o, &a, NULL), MYE_OK);
        assert_int_equal(mye_run_create(ctx, cut, &o, &b, NULL), MYE_OK);
        assert_int_equal(mye_run_bytes(a), mye_run_bytes(b));
        const float *x = depth_step(a, B).output, *y = depth_step(b, B).output;
        assert_memory_equal(x, y, B * 10 * sizeof *x);
        assert_int_equal(mye_model_yaml(plain, &yaml[0], NULL), MYE_OK);
        assert_int_equal(mye_model_yaml(cut, &yaml[1], NULL), MYE_OK);
        assert_string_equal(yaml[0], yaml[1]);
        for (int i = 0; i < 2; i++)
            mye_model_text_free(plain, yaml[i]);
        mye_run_free(a);
        mye_run_free(b);
        mye_model_free(cut);
    }
    mye_model_free(plain);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_stay_in_their_module),
        cmocka_unit_test(a_module_is_trained_like_a_network),
        cmocka_unit_test(rules_agree_at_one_step),
        cmocka_unit_test(gradients_agree_with_differences),
        cmocka_unit_test(groups_of_layers_give_the_same_bits),
        cmocka_unit_test(moving_at_once_gives_the_same_weights),
        cmocka_unit_test(who_learns_step_by_step_cannot_move_at_once),
        cmocka_unit_test(planned_is_allocated_for_every_cut),
        cmocka_unit_test(the_whole_network_can_still_be_asked),
        cmocka_unit_test(inference_does_not_know_auxiliary_networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
