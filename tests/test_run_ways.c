/* What a run remembers of how its layers are computed, and what it gives to a checkpoint. */
#include "cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "net/graph.h"
#include "net/run.h"

enum { T = 3, B = 4 };

static void fill(void *self, const mye_pass *p, int t0, int t1, float *dst)
{
    MYE_UNUSED(self);
    MYE_UNUSED(t0);
    MYE_UNUSED(t1);
    for (int64_t i = 0; i < (int64_t)p->B * p->value[0].n; i++)
        dst[i] = mye_random_normal(1, MYE_STREAM_TEST, (uint64_t)i);
}

typedef struct setting {
    mye_context *ctx;
    mye_model *model;
    mye_run *run;
} setting;

static void open_setting(setting *s, const char *conv, const char *time, bool exact)
{
    mye_context_options options = MYE_CONTEXT_OPTIONS;
    mye_error err = {0};
    options.threads = 1;
    options.conv = conv;
    if (mye_context_create(&options, &s->ctx, &err) != MYE_OK)
        fail_msg("%s", err.message);
    const mye_model_options net = {.net = "8C3-LIF-16C3-LIF-16C3s2-LIF-FC10",
                                   .neuron = "lif",
                                   .C = 2,
                                   .H = 12,
                                   .W = 12,
                                   .seed = 3,
                                   .static_input = true};
    assert_int_equal(mye_model_create(s->ctx, &net, &s->model, &err), MYE_OK);
    const mye_run_options run = {
        .time = time, .loss = "ce_mean", .T = T, .B = B, .training = true, .exact = exact};
    assert_int_equal(mye_run_create(s->ctx, s->model, &run, &s->run, &err), MYE_OK);
    const int32_t label[B] = {0, 1, 2, 3};
    const mye_target target = {.label = label};
    assert_int_equal(mye_run_step(s->run, B, (mye_source){fill, NULL}, &target, 1, NULL, &err),
                     MYE_OK);
}

static void close_setting(setting *s)
{
    mye_run_free(s->run);
    mye_model_free(s->model);
    mye_context_free(s->ctx);
}

static const char *way_of(const setting *s, const char *layer, int pass)
{
    for (int i = 0; i < s->model->n_nodes; i++)
        if (strcmp(s->model->node[i]->name, layer) == 0)
            return mye_run_way(s->run, i, pass);
    fail_msg("there is no layer '%s'", layer);
    return NULL;
}

static void exact_runs_go_the_direct_way(void **state)
{
    (void)state;
    setting s;
    open_setting(&s, "auto", "bptt", true);
    for (int pass = 0; pass < MYE_CONV_PASSES; pass++)
        assert_string_equal(way_of(&s, "conv2", pass), "direct");
    close_setting(&s);
}

static void a_forced_way_is_taken_where_it_fits(void **state)
{
    (void)state;
    setting s;
    open_setting(&s, "winograd", "bptt", false);
    assert_string_equal(way_of(&s, "conv2", MYE_CONV_FORWARD), "winograd");
    assert_string_equal(way_of(&s, "conv2", MYE_CONV_DATA), "winograd");
    assert_string_equal(way_of(&s, "conv3", MYE_CONV_FORWARD), "direct"); /* stride 2 */
    assert_string_equal(way_of(&s, "conv1", MYE_CONV_DATA), "");          /* not wanted */
    close_setting(&s);
}

static void ways_go_from_run_to_run(void **state)
{
    (void)state;
    setting a, b;
    open_setting(&a, "spikes", "rate", false);
    open_setting(&b, "spikes", "rate", false);
    const size_t n = mye_run_ways_bytes(a.run);
    assert_int_equal(n, 2 * (size_t)a.model->n_nodes * MYE_CONV_PASSES); /* two passes */
    uint8_t *ways = calloc(n, 1), *again = calloc(n, 1);
    mye_run_ways_set(b.run, ways);
    assert_string_equal(way_of(&b, "conv2", MYE_CONV_FORWARD), "");
    mye_run_ways_get(a.run, ways);
    mye_run_ways_set(b.run, ways);
    mye_run_ways_get(b.run, again);
    assert_memory_equal(ways, again, n);
    assert_string_equal(way_of(&b, "conv2", MYE_CONV_FORWARD), "spikes");
    free(ways);
    free(again);
    close_setting(&a);
    close_setting(&b);
}

static void ways_that_this_run_may_not_go_are_left_out(void **state)
{
    (void)state;
    setting s;
    open_setting(&s, "auto", "bptt", false);
    const size_t n = mye_run_ways_bytes(s.run);
    uint8_t *ways = malloc(n), *left = malloc(n);
    for (size_t i = 0; i < n; i++)
        ways[i] = (uint8_t)(i % 2 ? 255 : 1 + MYE_CONV_INT8); /* no way; not for training */
    mye_run_ways_set(s.run, ways);
    mye_run_ways_get(s.run, left);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(left[i], 0);
    free(ways);
    free(left);
    close_setting(&s);
}

static void a_model_without_gradients_cannot_train(void **state)
{
    (void)state;
    setting s;
    open_setting(&s, "auto", "bptt", false);
    mye_run *run;
    mye_error err = {0};
    mye_run_options o = *mye_run_asked(s.run);
    mye_run_free(s.run);
    mye_model_drop_gradients(s.model);
    assert_int_equal(mye_run_create(s.ctx, s.model, &o, &run, &err), MYE_ERR_STATE);
    assert_non_null(strstr(err.message, "gradients"));
    o.training = false;
    assert_int_equal(mye_run_create(s.ctx, s.model, &o, &s.run, &err), MYE_OK);
    close_setting(&s);
}

/* Wide enough for Winograd's memory to matter to the choice. */
static void the_choice_does_not_depend_on_threads(void **state)
{
    (void)state;
    enum { MOST = 4096 };
    uint8_t ways[2][MOST];
    for (int k = 0; k < 2; k++) {
        mye_context_options options = MYE_CONTEXT_OPTIONS;
        options.threads = k == 0 ? 1 : 8;
        options.conv = "auto";
        mye_context *ctx;
        mye_model *model;
        mye_run *run;
        assert_int_equal(mye_context_create(&options, &ctx, NULL), MYE_OK);
        const mye_model_options net = {.net = "32C3-LIF-192C3-LIF-192C3-LIF-192C3s2-LIF-FC10",
                                       .neuron = "lif",
                                       .C = 2,
                                       .H = 8,
                                       .W = 8,
                                       .seed = 3,
                                       .static_input = true};
        assert_int_equal(mye_model_create(ctx, &net, &model, NULL), MYE_OK);
        const mye_run_options o = {
            .time = "bptt", .loss = "ce_mean", .T = T, .B = B, .training = true};
        assert_int_equal(mye_run_create(ctx, model, &o, &run, NULL), MYE_OK);
        const int32_t label[B] = {0, 1, 2, 3};
        const mye_target target = {.label = label};
        assert_int_equal(mye_run_step(run, B, (mye_source){fill, NULL}, &target, 1, NULL, NULL),
                         MYE_OK);
        assert_true(mye_run_ways_bytes(run) <= MOST);
        memset(ways[k], 0, MOST);
        mye_run_ways_get(run, ways[k]);
        mye_run_free(run);
        mye_model_free(model);
        mye_context_free(ctx);
    }
    assert_memory_equal(ways[0], ways[1], MOST);
}

static void an_unknown_way_is_refused(void **state)
{
    (void)state;
    mye_context_options options = MYE_CONTEXT_OPTIONS;
    mye_context *ctx;
    mye_error err = {0};
    options.conv = "fft";
    assert_int_equal(mye_context_create(&options, &ctx, &err), MYE_ERR_ARG);
    assert_non_null(strstr(err.message, "fft"));
    assert_non_null(strstr(err.hint, "winograd"));
    options.conv = "int8"; /* it cannot train */
    assert_int_equal(mye_context_create(&options, &ctx, &err), MYE_ERR_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_runs_go_the_direct_way),
        cmocka_unit_test(a_forced_way_is_taken_where_it_fits),
        cmocka_unit_test(ways_go_from_run_to_run),
        cmocka_unit_test(ways_that_this_run_may_not_go_are_left_out),
        cmocka_unit_test(a_model_without_gradients_cannot_train),
        cmocka_unit_test(the_choice_does_not_depend_on_threads),
        cmocka_unit_test(an_unknown_way_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
