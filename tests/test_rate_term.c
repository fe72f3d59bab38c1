/* The firing-rate regulariser: its value, its gradient, and whom it leaves alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "myelin/myelin.h"
#include "net/graph.h"
#include "net/run.h"

static const char *const nets[] = {
    "8C3-BN-LIF-MP2-12C3-BN-LIF-AP2-FC16-LIF-FC10",
    "FC32-LIF-FC10-LIF",
};

enum { T = 3, B = 5, MAX_NODES = 32 };

typedef struct outcome {
    double loss, rate[MAX_NODES]; /* of neurons, in order */
    int n_rates;
    float *grad; /* the caller frees */
    size_t n_params;
} outcome;

typedef struct setting {
    const char *net, *time;
    int steps, threads;
    double strength, target;
} setting;

static void fill(void *self, const mye_pass *p, int t0, int t1, float *dst)
{
    const int steps = p->value[0].steps == 1 ? 1 : t1 - t0;
    const int64_t row = (int64_t)p->B * p->value[0].n;
    (void)self;
    for (int64_t i = 0; i < steps * row; i++)
        dst[i] = 2 * mye_random_normal(7, MYE_STREAM_TEST, (uint64_t)(t0 * row + i));
}

static mye_model *model_of(mye_context *ctx, const char *net)
{
    mye_model_options o = MYE_MODEL_OPTIONS;
    o.net = net;
    o.C = 2;
    o.H = o.W = 8;
    mye_model *model = NULL;
    mye_error err = {0};
    if (mye_model_create(ctx, &o, &model, &err) != MYE_OK)
        fail_msg("%s: %s", net, err.message);
    return model;
}

static void read_rates(mye_run *run, const mye_model *model, int steps, outcome *out)
{
    const mye_pass *p = mye_run_pass(run);
    for (int i = 0; i < model->n_nodes; i++)
        if (model->node[i]->neuron != NULL)
            out->rate[out->n_rates++] =
                (double)p->value[i].spikes / ((double)p->value[i].n * B * steps);
}

static outcome learn(const setting *s)
{
    mye_context_options options = MYE_CONTEXT_OPTIONS;
    options.threads = s->threads;
    mye_context *ctx = NULL;
    assert_int_equal(mye_context_create(&options, &ctx, NULL), MYE_OK);
    mye_model *model = model_of(ctx, s->net);
    const mye_run_options o = {.time = s->time,
                               .loss = "ce_mean",
                               .T = s->steps,
                               .B = B,
                               .training = true,
                               .rate_strength = s->strength,
                               .rate_target = s->target};
    const int32_t label[B] = {0, 1, 2, 3, 4};
    const mye_target target = {.label = label};
    mye_run *run = NULL;
    mye_step_result r;
    assert_int_equal(mye_run_create(ctx, model, &o, &run, NULL), MYE_OK);
    assert_int_equal(mye_run_step(run, B, (mye_source){fill, NULL}, &target, 3, &r, NULL), MYE_OK);
    outcome out = {.loss = r.loss, .n_params = model->n_params};
    read_rates(run, model, s->steps, &out);
    out.grad = malloc(out.n_params * sizeof(float));
    memcpy(out.grad, model->grad, out.n_params * sizeof(float));
    mye_run_free(run);
    mye_model_free(model);
    mye_context_free(ctx);
    return out;
}

static double largest_difference(const outcome *a, const outcome *b)
{
    double most = 0;
    for (size_t i = 0; i < a->n_params; i++)
        most = fmax(most, fabs((double)a->grad[i] - (double)b->grad[i]));
    return most;
}

static void the_gradient_agrees_with_finite_differences(void **state)
{
    (void)state;
    static const char *const smooth[] = {
        "6C3-BN-LIF(detach_reset=no)-AP2-6C3-LIF(reset=hard,detach_reset=no)-FC10",
        "FC12-LIF(detach_reset=no,decay_input=yes)-FC10-LIF(detach_reset=no)",
    };
    mye_context *ctx = NULL;
    assert_int_equal(mye_context_create(NULL, &ctx, NULL), MYE_OK);
    for (size_t k = 0; k < sizeof smooth / sizeof smooth[0]; k++) {
        mye_model *model = model_of(ctx, smooth[k]);
        mye_gradcheck_options o = MYE_GRADCHECK_OPTIONS;
        mye_gradcheck_item *item = NULL;
        mye_error err = {0};
        int n = 0;
        o.rate_strength = 30; /* several times the loss of the outputs */
        o.rate_target = 0.02;
        if (mye_gradcheck(ctx, model, &o, &item, &n, &err) != MYE_OK)
            fail_msg("%s: %s", smooth[k], err.message);
        for (int i = 0; i < n; i++)
            if (!item[i].passed)
                fail_msg("%s %s: largest %g, error %g", smooth[k], item[i].name, item[i].largest,
                         item[i].error);
        mye_gradcheck_free(ctx, item);
        mye_model_free(model);
    }
    mye_context_free(ctx);
}

static void the_loss_grows_by_strength_times_the_squared_excess_of_hidden_layers(void **state)
{
    static const char *const times[] = {"bptt", "bptt:mode=s", "bptt:checkpoint=node", "rate",
                                        "rate:mode=s"};
    (void)state;
    for (size_t k = 0; k < sizeof nets / sizeof nets[0]; k++)
        for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
            const outcome plain = learn(&(setting){nets[k], times[i], T, 1, 0, 0.1});
            const outcome held = learn(&(setting){nets[k], times[i], T, 1, 3.0, 0.1});
            const int hidden = held.n_rates - (k == 1); /* the second net ends in neurons */
            double excess = 0;
            for (int r = 0; r < hidden; r++)
                excess += pow(fmax(0, held.rate[r] - 0.1), 2);
            assert_true(excess > 0);
            assert_true(fabs(held.loss - plain.loss - 3.0 * excess) < 1e-9 * held.loss);
            assert_true(largest_difference(&plain, &held) > 0);
            free(plain.grad);
            free(held.grad);
        }
}

static void rates_below_the_target_change_no_bit(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof nets / sizeof nets[0]; k++) {
        const outcome plain = learn(&(setting){nets[k], "bptt", T, 1, 0, 1});
        const outcome held = learn(&(setting){nets[k], "bptt", T, 1, 100, 1});
        assert_true(plain.loss == held.loss);
        assert_memory_equal(plain.grad, held.grad, plain.n_params * sizeof(float));
        free(plain.grad);
        free(held.grad);
    }
}

static void with_one_step_the_rate_rule_learns_what_bptt_learns(void **state)
{
    (void)state;
    const char *net = "8C3-BN-LIF-AP2-12C3-BN-LIF-FC10";
    const outcome bptt = learn(&(setting){net, "bptt", 1, 1, 10, 0.05});
    const outcome rate = learn(&(setting){net, "rate", 1, 1, 10, 0.05});
    const outcome plain = learn(&(setting){net, "bptt", 1, 1, 0, 0.05});
    assert_true(largest_difference(&bptt, &rate) < 1e-4 * largest_difference(&bptt, &plain));
    free(bptt.grad);
    free(rate.grad);
    free(plain.grad);
}

static void threads_change_no_bit(void **state)
{
    static const char *const times[] = {"bptt", "rate"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const outcome one = learn(&(setting){nets[0], times[i], T, 1, 10, 0.05});
        const outcome two = learn(&(setting){nets[0], times[i], T, 2, 10, 0.05});
        assert_true(one.loss == two.loss);
        assert_memory_equal(one.grad, two.grad, one.n_params * sizeof(float));
        free(one.grad);
        free(two.grad);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gradient_agrees_with_finite_differences),
        cmocka_unit_test(the_loss_grows_by_strength_times_the_squared_excess_of_hidden_layers),
        cmocka_unit_test(rates_below_the_target_change_no_bit),
        cmocka_unit_test(with_one_step_the_rate_rule_learns_what_bptt_learns),
        cmocka_unit_test(threads_change_no_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
