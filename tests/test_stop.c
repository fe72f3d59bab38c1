/* Stop: the identity forward, nothing backward. */
#include "net_fixture.h"
#include "rule_support.h"

/* conv - lif - [middle] - conv - lif - flatten - dense */
static mye_model *build(mye_context *ctx, const char *middle)
{
    mye_graph *graph = NULL;
    mye_model *model = NULL;
    mye_error err = {0};
    const char *const ops[][2] = {{"conv2d", "channels=4,init=normal,init_gain=0.5"},
                                  {"neuron", ""},
                                  {middle, ""},
                                  {"conv2d", "channels=5,init=normal,init_gain=0.5"},
                                  {"neuron", ""},
                                  {"flatten", ""},
                                  {"dense", "features=10"}};
    int at = 0;
    assert_int_equal(mye_graph_create(ctx, 2, 6, 6, "lif", &graph, &err), MYE_OK);
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (mye_graph_chain(graph, ops[i][0], &at, &err, "%s", ops[i][1]) != MYE_OK)
            fail_msg("%s", err.message);
    if (mye_model_from_graph(graph, false, 1, &model, &err) != MYE_OK)
        fail_msg("%s", err.message);
    return model;
}

static void nothing_before_it_makes_a_gradient_necessary(void **state)
{
    mye_model *m = build(*state, "stop");
    const bool want[] = {false, true, true, false, true, true, true, true};
    for (int i = 0; i < 8; i++)
        assert_true(m->node[i]->needs_grad == want[i]);
    assert_true(m->node[3]->type->flags & MYE_NODE_STOP);
    mye_model_free(m);
}

static void layers_before_it_get_no_gradient_and_those_behind_the_same(void **state)
{
    static const char *const rules[] = {"bptt", "bptt:mode=s", "sltt"};
    for (int k = 0; k < 3; k++) {
        mye_model *whole = build(*state, "identity"), *cut = build(*state, "stop");
        double loss[2];
        float *a = gradient(*state, whole, rules[k], 4, 3, &loss[0]);
        float *b = gradient(*state, cut, rules[k], 4, 3, &loss[1]);
        assert_true(loss[0] == loss[1]);
        for (int i = 0; i < whole->n_trainable; i++) {
            const mye_weight *w = whole->weight[i];
            const ptrdiff_t at = w->data - whole->param;
            const bool before = strncmp(w->name, "conv1.", 6) == 0;
            bool any = false;
            for (size_t j = 0; j < w->count; j++) {
                any = any || a[at + (ptrdiff_t)j] != 0;
                assert_true(b[at + (ptrdiff_t)j] == (before ? 0 : a[at + (ptrdiff_t)j]));
            }
            assert_true(any);
        }
        free(a);
        free(b);
        mye_model_free(whole);
        mye_model_free(cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_before_it_makes_a_gradient_necessary, context_setup,
                                        context_teardown),
        cmocka_unit_test_setup_teardown(layers_before_it_get_no_gradient_and_those_behind_the_same,
                                        context_setup, context_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
