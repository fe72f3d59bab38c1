/* The registry, chunks, the hand-over of gradients, and the elementwise nodes. */
#include "node/readout.h"
#include "nodebench.h"

/* ---- registry ---- */

static void every_node_is_found_by_its_name_in_alphabetical_order(void **state)
{
    MYE_UNUSED(state);
    const mye_entry *const *e = mye_kind_node.entries;
    for (int i = 0; e[i] != NULL; i++) {
        const mye_node_type *type = mye_node_type_find(e[i]->name);
        assert_non_null(type);
        assert_ptr_equal(&type->entry, e[i]);
        assert_true(i == 0 || strcmp(e[i - 1]->name, e[i]->name) < 0);
        assert_true(e[i]->brief[0] != '\0' && e[i]->source != NULL);
        assert_true(type->forward != NULL || type->load != NULL || type->max_in == 0);
    }
    assert_null(mye_node_type_find("no such node"));
}

static void every_default_is_accepted_by_its_own_table(void **state)
{
    MYE_UNUSED(state);
    for (const mye_entry *const *e = mye_kind_node.entries; *e != NULL; e++) {
        char options[512];
        mye_error err;
        assert_true((*e)->options_size <= sizeof options);
        if ((*e)->params != NULL)
            assert_int_equal(mye_params_defaults((*e)->params, options, &err), MYE_OK);
    }
}

static void weights_keep_their_slot_when_declared_again(void **state)
{
    MYE_UNUSED(state);
    bench *q = bench_create((bench_setup){.T = 1, .B = 1, .shape = {3, 4, 4, false}});
    mye_node *n = &q->node[bench_add(q, "conv2d:channels=5,kernel=3", 0)];
    const mye_shape in = q->node[0].shape;
    mye_error err;
    assert_int_equal(n->type->shape(n, &in, &err), MYE_OK);
    assert_int_equal(n->n_weights, 2);
    assert_string_equal(n->weight[0].name, "conv2d1.weight");
    assert_int_equal(n->weight[0].count, 5 * 3 * 9);
    assert_int_equal(n->weight[0].fan, 27);
    assert_int_equal(n->weight[1].fan, 27);
    assert_true(fabs(n->weight[0].gain - 1 / sqrt(3.0)) < 1e-12);
    assert_null(mye_node_find(n, "gain"));
    bench_free(q);
}

static void initialisers_know_their_fan(void **state)
{
    MYE_UNUSED(state);
    bench *q = bench_create((bench_setup){.T = 1, .B = 1, .shape = {3, 4, 4, false}});
    const mye_weight *w =
        q->node[bench_add(q, "conv2d:channels=5,kernel=3,init=kaiming_out", 0)].weight;
    assert_int_equal(w->init, MYE_INIT_KAIMING_NORMAL);
    assert_int_equal(w->fan, 5 * 9);
    assert_true(fabs(w->gain - sqrt(2.0)) < 1e-12);
    assert_int_equal(w[1].init, MYE_INIT_CONSTANT);
    w = q->node[bench_add(q, "dense:features=2,init=normal,init_gain=0.01", 1)].weight;
    assert_int_equal(w->init, MYE_INIT_NORMAL);
    assert_true(w->gain == 0.01);
    w = q->node[bench_add(q, "dense:features=2,init=zero", 2)].weight;
    assert_true(w->init == MYE_INIT_CONSTANT && w->gain == 0);
    bench_free(q);
}

/* ---- chunks ---- */

static void check_chunks(mye_shape s, int64_t limit)
{
    const mye_chunks c = mye_chunks_of(s, limit);
    int64_t next = 0;
    for (int j = 0; j < c.n_chunks; j++) {
        const mye_at at = mye_chunk_at(&c, 1, 2, j);
        assert_int_equal(at.i0, next);
        assert_true(at.n > 0 && at.i0 % 64 == 0);
        const bool whole = at.i0 % s.c == 0 && at.n % s.c == 0;
        const bool inside = at.i0 / s.c == (at.i0 + at.n - 1) / s.c;
        assert_true(whole || inside);
        next += at.n;
    }
    assert_int_equal(next, mye_shape_size(s));
    const bool may_exceed = s.c % 64 != 0 && s.h * s.w > 1;
    assert_true(c.size <= limit || limit < 64 || may_exceed);
}

static void chunks_cover_a_sample_in_whole_pixels_or_inside_one(void **state)
{
    MYE_UNUSED(state);
    static const int channels[] = {1,   2,   3,   7,   10,   48,   63,   64,   65,
                                   100, 128, 192, 320, 1000, 4096, 4160, 10000};
    static const int64_t limits[] = {1, 64, 100, 128, 640, 4096, 8192, 1 << 20};
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
        for (size_t j = 0; j < sizeof limits / sizeof *limits; j++)
            for (int h = 1; h < 8; h++)
                check_chunks((mye_shape){channels[i], h, 5 % h + 1, false}, limits[j]);
}

/* ---- gradients ---- */

/* Puts gradient 1 for three steps into the input of a node that is not static. */
static float put_three_steps(bool is_static, bool written, int k, int t)
{
    bench *q = bench_create(
        (bench_setup){.T = 3, .B = 1, .shape = {2, 1, 1, true}, .is_static = is_static});
    const int drop = bench_add(q, "dropout:per_step=yes", 0);
    bench_add(q, "identity", drop);
    bench_build(q);
    mye_node *n = &q->node[drop];
    n->in[1] = n->in[0];
    const float one[2] = {1, 1};
    for (int i = 0; i < q->value[0].steps * 2; i++)
        q->value[0].grad[i] = written ? 10 : NAN;
    q->value[0].grad_written = written;
    for (int step = 2; step >= 0; step--)
        for (int in = 0; in <= k; in++)
            mye_grad_put(&q->pass, n, in, (mye_at){step, 0, 0, 2}, step == 2, one);
    const float sum = mye_grad_row(&q->pass, 0, t, 0)[1];
    bench_free(q);
    return sum;
}

static void gradients_are_written_added_or_summed_over_time(void **state)
{
    MYE_UNUSED(state);
    assert_true(put_three_steps(false, false, 0, 1) == 1);
    assert_true(put_three_steps(false, true, 0, 1) == 11);
    assert_true(put_three_steps(false, false, 1, 1) == 2);
    assert_true(put_three_steps(true, false, 0, 0) == 3);
    assert_true(put_three_steps(true, true, 0, 0) == 13);
    assert_true(put_three_steps(true, false, 1, 0) == 6);
}

static void windows_of_steps_are_addressed_from_their_base(void **state)
{
    MYE_UNUSED(state);
    bench *q = bench_create((bench_setup){.T = 2, .B = 3, .shape = {2, 1, 1, true}});
    bench_add(q, "identity", 0);
    bench_build(q);
    const float *first = mye_value_row(&q->pass, 0, 0, 1);
    q->pass.t_base = 5;
    assert_ptr_equal(mye_value_row(&q->pass, 0, 5, 1), first);
    assert_ptr_equal(mye_grad_row(&q->pass, 0, 6, 2), q->value[0].grad + 10);
    bench_free(q);
}

static void an_input_without_gradient_gets_none(void **state)
{
    MYE_UNUSED(state);
    static const char *const texts[] = {"conv2d:channels=3", "batchnorm",     "scale:learn=yes",
                                        "dropout",           "identity",      "maxpool",
                                        "avgpool",           "global_avgpool"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        bench *q = bench_create((bench_setup){.T = 2, .B = 1, .shape = {2, 4, 4, false}});
        bench_add(q, texts[i], 0);
        bench_build(q);
        q->value[0].grad = NULL;
        assert_false(mye_grad_wanted(&q->pass, &q->node[1], 0));
        bench_forward(q);
        bench_backward(q);
        for (int k = 0; k < q->node[1].n_weights; k++)
            if (q->node[1].weight[k].trainable)
                assert_true(q->node[1].weight[k].grad[0] != 0);
        bench_free(q);
    }
}

/* ---- elementwise nodes ---- */

static void add_takes_static_and_changing_inputs(void **state)
{
    MYE_UNUSED(state);
    bench *q =
        bench_create((bench_setup){.T = 3, .B = 2, .shape = {4, 5, 5, false}, .is_static = true});
    const int drop = bench_add(q, "dropout:p=0.5,per_step=yes", 0);
    bench_join(q, "add", 0, drop);
    bench_build(q);
    assert_false(q->node[2].is_static);
    bench_check_gradients(q);
    bench_free(q);
}

static void elementwise_gradients_match_finite_differences(void **state)
{
    MYE_UNUSED(state);
    static const char *const texts[] = {"scale:value=2.74",
                                        "scale:value=0.2,learn=yes,initial=0",
                                        "scale:learn=yes,initial=1.5",
                                        "identity",
                                        "flatten",
                                        "readout",
                                        "dropout:p=0.4",
                                        "dropout:per_step=yes"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (int mode = 0; mode < 4; mode++) {
            bench *q = bench_create((bench_setup){.T = 2,
                                                  .B = 2,
                                                  .shape = {7, 6, 5, false},
                                                  .is_static = mode % 2 == 1,
                                                  .alias = mode > 1});
            bench_add(q, "readout", bench_add(q, texts[i], bench_add(q, "identity", 0)));
            bench_build(q);
            bench_check_gradients(q);
            bench_free(q);
        }
}

/* Share of elements that one step's mask keeps; *equal: whether steps 0 and 1 have one mask. */
static double kept(const char *text, uint64_t seed, bool *equal)
{
    bench *q = bench_create((bench_setup){.T = 2, .B = 3, .shape = {10, 20, 20, false}});
    bench_add(q, text, 0);
    bench_build(q);
    q->pass.seed = seed;
    for (int64_t i = 0; i < 2 * 3 * q->value[0].n; i++)
        ((float *)q->value[0].data)[i] = 1;
    bench_forward(q);
    double count = 0;
    *equal = true;
    for (int b = 0; b < 3; b++) {
        float first[4000];
        memcpy(first, bench_row(q, 1, 0, b), sizeof first);
        const float *second = bench_row(q, 1, 1, b);
        for (int i = 0; i < 4000; i++) {
            assert_true(first[i] == 0 || fabsf(first[i] - 4.0f / 3) < 1e-6f);
            count += first[i] > 0;
            *equal = *equal && first[i] == second[i];
        }
    }
    bench_free(q);
    return count / 12000;
}

static void dropout_keeps_its_share_with_one_mask_or_one_per_step(void **state)
{
    MYE_UNUSED(state);
    bool equal;
    const double one = kept("dropout:p=0.25", 1, &equal);
    assert_true(fabs(one - 0.75) < 0.02 && equal);
    assert_true(kept("dropout:p=0.25", 2, &equal) != one);
    const double each = kept("dropout:p=0.25,per_step=yes", 1, &equal);
    assert_true(fabs(each - 0.75) < 0.02 && !equal);
}

static void dropout_is_the_identity_in_evaluation(void **state)
{
    MYE_UNUSED(state);
    bench *q = bench_create((bench_setup){.T = 2, .B = 2, .shape = {3, 4, 4, false}});
    bench_add(q, "dropout", 0);
    bench_build(q);
    q->pass.training = false;
    bench_forward(q);
    assert_floats_equal("output", bench_row(q, 1, 1, 1), mye_value_row(&q->pass, 0, 1, 1), 48);
    bench_check_gradients(q);
    bench_free(q);
}

static void readout_modes_weigh_the_steps(void **state)
{
    MYE_UNUSED(state);
    static const struct {
        const char *text;
        float w[4];
    } cases[] = {{"readout", {0.25f, 0.25f, 0.25f, 0.25f}},
                 {"readout:mode=count", {1, 1, 1, 1}},
                 {"readout:mode=last", {0, 0, 0, 1}}};
    for (int i = 0; i < 3; i++) {
        bench *q = bench_create((bench_setup){.T = 4, .B = 1, .shape = {2, 1, 1, true}});
        float w[4];
        mye_readout_weights(&q->node[bench_add(q, cases[i].text, 0)], 4, w);
        assert_floats_equal(cases[i].text, w, cases[i].w, 4);
        bench_free(q);
    }
}

static void add_refuses_different_shapes(void **state)
{
    MYE_UNUSED(state);
    bench *q = bench_create((bench_setup){.T = 1, .B = 1, .shape = {4, 4, 4, false}});
    const int pool = bench_add(q, "maxpool", 0), flat = bench_add(q, "flatten", 0);
    const int in[3] = {0, pool, flat}, in2[2] = {0, flat};
    mye_error err;
    assert_int_equal(bench_try(q, "add", 2, in, &err), -1);
    assert_non_null(strstr(err.message, "4x4x4 and 4x2x2"));
    assert_int_equal(bench_try(q, "add", 2, in2, &err), -1);
    assert_non_null(strstr(err.message, "(flat)"));
    bench_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_node_is_found_by_its_name_in_alphabetical_order),
        cmocka_unit_test(every_default_is_accepted_by_its_own_table),
        cmocka_unit_test(weights_keep_their_slot_when_declared_again),
        cmocka_unit_test(initialisers_know_their_fan),
        cmocka_unit_test(chunks_cover_a_sample_in_whole_pixels_or_inside_one),
        cmocka_unit_test(gradients_are_written_added_or_summed_over_time),
        cmocka_unit_test(windows_of_steps_are_addressed_from_their_base),
        cmocka_unit_test(an_input_without_gradient_gets_none),
        cmocka_unit_test(add_takes_static_and_changing_inputs),
        cmocka_unit_test(elementwise_gradients_match_finite_differences),
        cmocka_unit_test(dropout_keeps_its_share_with_one_mask_or_one_per_step),
        cmocka_unit_test(dropout_is_the_identity_in_evaluation),
        cmocka_unit_test(readout_modes_weigh_the_steps),
        cmocka_unit_test(add_refuses_different_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
