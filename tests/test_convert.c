/* Conversion: folding, thresholds, the whole way from a trained network to its spikes. */
#include "train_support.h"

#include <math.h>

#include "convert/balance.h"
#include "convert/convert.h"
#include "myelin/convert.h"
#include "net/run.h"

static const char *const NET = "6C3-BN-RELU-MP2-8C3p0-BN-RELU-DO0.1-AP2-FC24-BN-RELU-FC10";

/* Trains once for all tests. */
static const char *trained(void)
{
    static char dir[1024];
    if (dir[0])
        return dir;
    const char *data = bars_dir("convert_data");
    run_dir("convert_ann", dir);
    mye_config c = small_config(data, dir);
    set(&c, "net", NET);
    set(&c, "encoder", "direct");
    set(&c, "augment", "");
    set(&c, "T", "1");
    set(&c, "epochs", "25");
    set(&c, "step", "adamw:lr=0.01");
    ASSERT_OK(train(&c, false, 2, NULL, NULL, &err));
    return dir;
}

static mye_conversion *open_ann(mye_context *ctx, const char *input, int batch)
{
    mye_conversion_options o = MYE_CONVERSION_OPTIONS;
    mye_conversion *c = NULL;
    o.input = input;
    o.batch = batch;
    ASSERT_OK(mye_conversion_open(ctx, trained(), &o, NULL, &c, &err));
    return c;
}

static mye_convert_result measured(mye_conversion *c, const char *method, const int *steps, int n)
{
    const mye_measure_options o = {.steps = steps, .n_steps = n};
    mye_snn *snn = NULL;
    mye_convert_result r;
    ASSERT_OK(mye_convert(c, method, &snn, &err));
    ASSERT_OK(mye_convert_measure(c, snn, &o, NULL, &r, &err));
    mye_snn_free(snn);
    return r;
}

static void folding_changes_no_answer(void **state)
{
    static const char *const inputs[] = {"direct", "rate"};
    mye_context *ctx = threads_context(2);
    (void)state;
    for (int i = 0; i < 2; i++) {
        mye_conversion *c = open_ann(ctx, inputs[i], 16);
        const mye_convert_ann *a = mye_conversion_ann(c);
        assert_int_equal(a->n_folded, 3);
        if (!(a->fold_error < 1e-4))
            fail_msg("input %s: logits differ by %g", inputs[i], a->fold_error);
        assert_true(a->accuracy == a->unfolded_accuracy && a->accuracy > .9);
        assert_int_equal(a->n_layers, 3);
        assert_int_equal(a->n, 50);
        mye_conversion_free(c);
    }
    mye_context_free(ctx);
}

static void fill_noise(void *self, const mye_pass *p, int t0, int t1, float *dst)
{
    (void)self;
    (void)t0;
    (void)t1;
    for (int64_t i = 0; i < p->B * p->value[0].n; i++)
        dst[i] = mye_random_normal(1, MYE_STREAM_TEST, (uint64_t)i);
}

static void a_norm_that_no_layer_can_take_becomes_a_convolution(void **state)
{
    (void)state;
    mye_context *ctx = threads_context(2);
    mye_model_options o = MYE_MODEL_OPTIONS;
    mye_model *from = NULL, *to = NULL;
    int folded = -1;
    o.net = "BN-4C3-RELU-BN-AP2-FC10";
    o.neuron = "relu";
    o.C = 3;
    o.H = o.W = 6;
    o.static_input = true;
    ASSERT_OK(mye_model_create(ctx, &o, &from, &err));
    for (int i = 0; i < from->n_nodes; i++) {
        mye_weight *mean = mye_node_find(from->node[i], "running_mean");
        mye_weight *var = mye_node_find(from->node[i], "running_var");
        for (size_t k = 0; mean != NULL && k < mean->count; k++) {
            mean->data[k] = .1f * (float)(k + 1);
            var->data[k] = .5f + .3f * (float)k;
        }
    }
    ASSERT_OK(mye_fold(from, &(mye_fold_options){.static_input = true}, &to, &folded, &err));
    assert_int_equal(folded, 0);
    int depthwise = 0;
    for (int i = 0; i < to->n_nodes; i++) {
        assert_string_not_equal(to->node[i]->type->entry.name, "batchnorm");
        const mye_weight *w = mye_node_find(to->node[i], "weight");
        depthwise += w != NULL && w->rank == 4 && w->dim[1] == 1 && w->dim[2] == 1;
    }
    assert_int_equal(depthwise, 2);
    const mye_run_options ro = {.time = "bptt", .loss = "ce_mean", .T = 1, .B = 4};
    float out[2][40];
    for (int k = 0; k < 2; k++) {
        mye_run *run = NULL;
        mye_step_result r;
        ASSERT_OK(mye_run_create(ctx, k ? to : from, &ro, &run, &err));
        ASSERT_OK(mye_run_step(run, 4, (mye_source){fill_noise, NULL}, NULL, 0, &r, &err));
        memcpy(out[k], r.output, sizeof out[k]);
        mye_run_free(run);
    }
    for (int i = 0; i < 40; i++)
        assert_true(fabs((double)out[0][i] - (double)out[1][i]) < 1e-5);
    mye_model_free(from);
    mye_model_free(to);
    mye_context_free(ctx);
}

static void networks_that_cannot_be_converted_are_named(void **state)
{
    static const char *const nets[][2] = {
        {"4C3-LIF-FC10", "spikes already"},
        {"4C3-RELU-FC10-SOFTMAX", "no counterpart"},
    };
    mye_context *ctx = threads_context(1);
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        mye_graph *graph = NULL;
        mye_model *from = NULL, *to = NULL;
        mye_error why = {0};
        int at = 0, folded;
        ASSERT_OK(mye_graph_create(ctx, 1, 6, 6, "lif", &graph, &err));
        if (i == 0) {
            ASSERT_OK(mye_notation_append(graph, nets[0][0], &at, &err));
        } else {
            ASSERT_OK(mye_notation_append(graph, "4C3-RELU-FC10", &at, &err));
            ASSERT_OK(mye_graph_add(graph, NULL, "softmax", "", 1, &at, &at, &err));
        }
        ASSERT_OK(mye_model_from_graph(graph, true, 1, &from, &err));
        const mye_fold_options o = {.static_input = true};
        assert_int_equal(mye_fold(from, &o, &to, &folded, &why), MYE_ERR_UNSUPPORTED);
        assert_null(to);
        if (strstr(why.message, nets[i][1]) == NULL)
            fail_msg("%s", why.message);
        mye_model_free(from);
    }
    mye_context_free(ctx);
}

/* ---- thresholds ---- */

static void thresholds_of(mye_conversion *c, const char *method, float *theta)
{
    mye_snn *snn = NULL;
    ASSERT_OK(mye_convert(c, method, &snn, &err));
    for (int l = 0; l < c->n_layers; l++)
        theta[l] = mye_node_find(mye_snn_neuron(snn, l), "theta")->data[0];
    mye_snn_free(snn);
}

static void thresholds_are_what_their_rules_say(void **state)
{
    mye_context *ctx = threads_context(2);
    mye_conversion *c = open_ann(ctx, "direct", 16);
    float theta[3], half[3], most[3];
    (void)state;
    thresholds_of(c, "max", theta);
    for (int l = 0; l < 3; l++) {
        most[l] = theta[l];
        float want = 0;
        for (int64_t i = 0; i < c->layer[l].n; i++)
            want = fmaxf(want, c->layer[l].max[i]);
        assert_true(theta[l] == want && want > 0);
    }
    thresholds_of(c, "aug:balance=max,levels=4,scale=0.5", half);
    for (int l = 0; l < 3; l++)
        assert_true(half[l] == most[l] / 8);
    thresholds_of(c, "soft:balance=(percentile:q=100)", theta);
    for (int l = 0; l < 3; l++)
        assert_true(fabsf(theta[l] / most[l] - 1) < 1e-4f);
    thresholds_of(c, "p99", theta);
    for (int l = 0; l < 3; l++) {
        assert_true(theta[l] < most[l] && theta[l] > 0);
        const mye_histogram *h = NULL;
        ASSERT_OK(mye_activations_histogram(c, l, TRANSMIT_LAYER, &h, &err));
        int64_t total = h->zero[0];
        for (int k = 0; k < h->bins; k++)
            total += h->count[k];
        assert_int_equal(total, h->total);
        assert_int_equal(total, c->layer[l].n * c->n_calibrate);
    }
    thresholds_of(c, "mse", theta);
    for (int l = 0; l < 3; l++)
        assert_true(theta[l] <= most[l] && theta[l] >= .059f * most[l]);
    thresholds_of(c, "spikenorm:balance=(spikenorm:T=20,images=16)", theta);
    for (int l = 0; l < 3; l++)
        assert_true(theta[l] > .2f * most[l] && theta[l] < 5 * most[l]);
    mye_snn *snn = NULL;
    ASSERT_OK(mye_convert(c, "snm", &snn, &err));
    assert_int_equal(mye_node_find(mye_snn_neuron(snn, 0), "theta")->count, c->layer[0].n);
    mye_snn_free(snn);
    ASSERT_OK(mye_convert(c, "channel", &snn, &err));
    assert_int_equal(mye_node_find(mye_snn_neuron(snn, 0), "theta")->count, 6);
    mye_snn_free(snn);
    mye_conversion_free(c);
    mye_context_free(ctx);
}

/* How the calibration images are cut into batches, and by how many threads, is of no account. */
static void the_order_of_images_is_of_no_account(void **state)
{
    static const char *const methods[] = {"max", "p99.9", "mse", "channel"};
    float theta[2][3];
    (void)state;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        for (int k = 0; k < 2; k++) {
            mye_context *ctx = threads_context(1 + k);
            mye_conversion *c = open_ann(ctx, "direct", k ? 7 : 72);
            thresholds_of(c, methods[i], theta[k]);
            mye_conversion_free(c);
            mye_context_free(ctx);
        }
        for (int l = 0; l < 3; l++)
            assert_true(fabsf(theta[0][l] / theta[1][l] - 1) < 1e-5f);
    }
}

/* ---- measuring ---- */

static void exact_obeys_the_scaling_law(void **state)
{
    const int two[] = {1, 2, 4}, four[] = {2, 4, 8};
    mye_context *ctx = threads_context(2);
    mye_conversion *c = open_ann(ctx, "direct", 16);
    (void)state;
    mye_convert_result a = measured(c, "exact:levels=8", two, 3);
    mye_convert_result b = measured(c, "exact:levels=4", four, 3);
    for (int i = 0; i < 3; i++) {
        assert_true(a.point[i].accuracy == b.point[i].accuracy);
        assert_true(a.point[i].agreement == b.point[i].agreement);
        for (int l = 0; l < 3; l++)
            assert_true(fabs(a.layer[l].error[i] - b.layer[l].error[i]) < 1e-5);
    }
    mye_convert_result_free(ctx, &a);
    mye_convert_result_free(ctx, &b);
    mye_conversion_free(c);
    mye_context_free(ctx);
}

static void many_steps_say_what_the_ann_says(void **state)
{
    static const char *const methods[] = {
        "max", "ter", "snm", "aug", "exact", "calib", "calib-advanced", "channel", "p99.9"};
    const int steps[] = {1, 16, 128};
    mye_context *ctx = threads_context(2);
    mye_conversion *c = open_ann(ctx, "direct", 16);
    (void)state;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        mye_convert_result r = measured(c, methods[i], steps, 3);
        const mye_convert_point *p = r.point;
        if (p[2].agreement < .97)
            fail_msg("%s: agrees with the ANN on %g of the images", r.method, p[2].agreement);
        assert_true(r.n_curve == 128 && r.curve[15] == p[1].accuracy);
        for (int k = 1; k < 3; k++) {
            assert_true(p[k].events >= p[k - 1].events && p[k].magnitude >= p[k].events);
            assert_true(p[k].negative <= p[k].events && p[k].sop >= p[k - 1].sop);
        }
        assert_true(fabs(p[2].energy_ac - 1e-6 * (.9 * p[2].sop + 4.6 * p[2].macs)) < 1e-9);
        assert_true(fabs(p[2].energy_mac - 4.6e-6 * (p[2].sop + p[2].macs)) < 1e-9);
        assert_true(r.stable >= 1 && r.stable <= 128 && r.stopped == 0);
        mye_convert_result_free(ctx, &r);
    }
    mye_conversion_free(c);
    mye_context_free(ctx);
}

/* Operations by their definition: for every output of a layer, the inputs in its window that are not
 * 0; events and magnitude by the neurons' values. */
typedef struct by_definition {
    double sop, events, magnitude;
} by_definition;

static double windows(const mye_conv_shape *s, const float *x)
{
    double sum = 0;
    for (int oh = 0; oh < s->OH; oh++)
        for (int ow = 0; ow < s->OW; ow++)
            for (int kh = 0; kh < s->kh; kh++)
                for (int kw = 0; kw < s->kw; kw++) {
                    const int h = oh * s->sh + kh - s->ph, w = ow * s->sw + kw - s->pw;
                    for (int c = 0; c < s->C && h >= 0 && h < s->H && w >= 0 && w < s->W; c++)
                        sum += x[((ptrdiff_t)h * s->W + w) * s->C + c] != 0;
                }
    return sum * s->O / s->groups;
}

static void count_node(void *self, const mye_pass *p, const mye_node *n, int t0, int t1)
{
    by_definition *d = self;
    mye_lane lane = {calloc(1, 1 << 20), 1 << 20, 0};
    const mye_conv_shape *s = n->plan;
    assert_int_equal(p->B, 1);
    for (int t = t0; t < t1; t++) {
        if ((n->type->flags & MYE_NODE_PRODUCT) && !n->is_static) {
            const int64_t size = mye_shape_size(p->node[n->in[0]]->shape);
            float *x = calloc((size_t)size, sizeof *x);
            for (int h = 0; h < s->H; h++) { /* virtual nodes are read row by row */
                const int64_t row = (int64_t)s->W * s->C;
                lane.used = 0;
                mye_load_into(p, n->in[0], (mye_at){t, 0, h * row, row}, x + h * row, &lane);
            }
            d->sop += windows(s, x);
            free(x);
        }
        for (int64_t i = 0; mye_transmit_is(n) && i < p->value[n->index].n; i++) {
            const double y = (double)mye_value_row(p, n->index, t, 0)[i];
            d->events += y != 0;
            d->magnitude += rint(fabs(y) / (double)n->weight[0].data[0]);
        }
    }
    free(lane.base);
}

static void operations_are_those_of_the_definition(void **state)
{
    static const char *const methods[] = {"aug:levels=3", "p99.9", "ter"};
    const int steps[] = {5};
    mye_context *ctx = threads_context(2);
    mye_conversion_options o = MYE_CONVERSION_OPTIONS;
    mye_conversion *c = NULL;
    o.batch = 1;
    o.limit = 1;
    ASSERT_OK(mye_conversion_open(ctx, trained(), &o, NULL, &c, &err));
    (void)state;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        by_definition d = {0, 0, 0};
        mye_snn *snn = NULL;
        ASSERT_OK(mye_convert(c, methods[i], &snn, &err));
        mye_look look = {.model = snn->model,
                         .encoder = "direct",
                         .T = 5,
                         .n = 1,
                         .watch = {.node = count_node, .self = &d}};
        ASSERT_OK(mye_convert_look(c, &look, &err));
        mye_convert_result r = measured(c, methods[i], steps, 1);
        assert_true(d.sop > 0 && r.point[0].sop == d.sop);
        assert_true(r.point[0].events == d.events && r.point[0].magnitude == d.magnitude);
        assert_true(r.point[0].macs == 28.0 * 28 * 6 * 9); /* conv1, once */
        mye_convert_result_free(ctx, &r);
        mye_snn_free(snn);
    }
    mye_conversion_free(c);
    mye_context_free(ctx);
}

static void batches_that_have_decided_stop(void **state)
{
    const int steps[] = {1, 4, 64};
    mye_context *ctx = threads_context(2);
    mye_conversion *c = open_ann(ctx, "direct", 10);
    mye_snn *snn = NULL;
    mye_measure_options o = {.steps = steps, .n_steps = 3};
    mye_convert_result all, stopped, sure;
    (void)state;
    ASSERT_OK(mye_convert(c, "aug:levels=8", &snn, &err));
    ASSERT_OK(mye_convert_measure(c, snn, &o, NULL, &all, &err));
    o.stop_stable = 4;
    ASSERT_OK(mye_convert_measure(c, snn, &o, NULL, &stopped, &err));
    o.stop_stable = 0;
    o.stop_confidence = .15;
    ASSERT_OK(mye_convert_measure(c, snn, &o, NULL, &sure, &err));
    assert_true(stopped.stopped >= 5 && stopped.stopped < 40);
    assert_true(stopped.point[2].events < all.point[2].events);
    assert_true(stopped.point[1].events == all.point[1].events);
    assert_true(stopped.stopped_accuracy == stopped.point[2].accuracy);
    if (!(sure.stopped >= 1 && sure.stopped < 64))
        fail_msg("stopped after %g steps", sure.stopped);
    mye_convert_result_free(ctx, &all);
    mye_convert_result_free(ctx, &stopped);
    mye_convert_result_free(ctx, &sure);
    mye_snn_free(snn);
    mye_conversion_free(c);
    mye_context_free(ctx);
}

/* ---- proof, budget, file ---- */

static void exact_is_the_quantised_ann_on_the_grid(void **state)
{
    const int steps[] = {1, 2, 3, 5, 8, 16};
    mye_context *ctx = threads_context(2);
    mye_conversion *c = open_ann(ctx, "direct", 16);
    mye_convert_proof p;
    mye_error why = {0};
    (void)state;
    ASSERT_OK(mye_convert_verify(c, "exact:levels=4", steps, 6, 0, NULL, &p, &err));
    assert_int_equal(p.images, 50);
    assert_true(p.is_exact && p.weight_bits >= 3);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(p.row[i].counts, 50 * (28 * 28 * 6 + 12 * 12 * 8 + 24));
        assert_int_equal(p.row[i].differ, 0);
        assert_true(p.row[i].differ_own < p.row[i].counts / 10000);
        assert_true(p.row[i].classes_own <= 1);
    }
    mye_convert_proof_free(ctx, &p);
    /* Another neuron is no quantised ANN. */
    assert_int_equal(mye_convert_verify(c, "aug", steps, 6, 0, NULL, &p, &why),
                     MYE_ERR_UNSUPPORTED);
    mye_conversion_free(c);
    mye_context_free(ctx);
}

static void levels_keep_to_their_budget(void **state)
{
    mye_context *ctx = threads_context(2);
    mye_conversion *c = open_ann(ctx, "direct", 16);
    mye_convert_budget b;
    mye_snn *snn = NULL;
    mye_error why = {0};
    (void)state;
    ASSERT_OK(mye_convert_levels(c, "aug:levels=16", .5, 4, NULL, &b, &snn, &err));
    assert_int_equal(b.n_layers, 3);
    assert_true(fabs(b.events / b.before - .5) < .05);
    assert_true(b.layer[0].before == 16 && b.layer[0].levels > 0);
    mye_convert_budget_free(ctx, &b);
    mye_snn_free(snn);
    assert_int_equal(mye_convert_levels(c, "soft", .5, 4, NULL, &b, &snn, &why),
                     MYE_ERR_UNSUPPORTED);
    assert_null(snn);
    mye_conversion_free(c);
    mye_context_free(ctx);
}

static void a_saved_network_is_one_like_others(void **state)
{
    const int steps[] = {4};
    mye_context *ctx = threads_context(2);
    mye_conversion *c = open_ann(ctx, "direct", 16);
    mye_snn *snn = NULL;
    mye_convert_result r;
    char path[1200];
    const mye_measure_options o = {.steps = steps, .n_steps = 1};
    (void)state;
    snprintf(path, sizeof path, "%s/aug.safetensors", trained());
    ASSERT_OK(mye_convert(c, "aug:levels=8,per=channel", &snn, &err));
    ASSERT_OK(mye_convert_measure(c, snn, &o, NULL, &r, &err));
    ASSERT_OK(mye_convert_save(c, snn, 4, path, &err));
    mye_classifier *k = NULL;
    mye_dataset *data = NULL;
    mye_eval_result e;
    ASSERT_OK(mye_classifier_open(ctx, path, NULL, &k, &err));
    ASSERT_OK(mye_dataset_open(ctx, "mnist", bars_dir("convert_data"), "test", &data, &err));
    ASSERT_OK(mye_evaluate(ctx, k, data, NULL, &e, &err));
    assert_true(e.accuracy == r.point[0].accuracy);
    assert_int_equal(e.n_rates, 3);
    const double events = e.rate[0] * 4 * 28 * 28 * 6;
    assert_true(fabs(events - r.layer[0].events[0]) < 1e-6 * events);
    mye_eval_free(ctx, &e);
    mye_dataset_free(data);
    mye_classifier_free(k);
    mye_convert_result_free(ctx, &r);
    mye_snn_free(snn);
    mye_conversion_free(c);
    mye_context_free(ctx);
}

static void wrong_methods_are_refused(void **state)
{
    static const char *const bad[] = {
        "augg", "aug:levels=0",     "soft:coef_max=3", "ter:shift=yes",    "max:per=x",
        "qcfs", "aug:balance=qcfs", "aug:v0=2",        "qcfs:per=channel",
    };
    mye_context *ctx = threads_context(1);
    mye_conversion *c = open_ann(ctx, "direct", 16);
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mye_error why = {0};
        mye_snn *snn = NULL;
        assert_int_not_equal(mye_convert(c, bad[i], &snn, &why), MYE_OK);
        assert_null(snn);
        assert_true(strlen(why.message) > 20);
    }
    mye_conversion_free(c);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folding_changes_no_answer),
        cmocka_unit_test(a_norm_that_no_layer_can_take_becomes_a_convolution),
        cmocka_unit_test(networks_that_cannot_be_converted_are_named),
        cmocka_unit_test(thresholds_are_what_their_rules_say),
        cmocka_unit_test(the_order_of_images_is_of_no_account),
        cmocka_unit_test(exact_obeys_the_scaling_law),
        cmocka_unit_test(many_steps_say_what_the_ann_says),
        cmocka_unit_test(operations_are_those_of_the_definition),
        cmocka_unit_test(batches_that_have_decided_stop),
        cmocka_unit_test(exact_is_the_quantised_ann_on_the_grid),
        cmocka_unit_test(levels_keep_to_their_budget),
        cmocka_unit_test(a_saved_network_is_one_like_others),
        cmocka_unit_test(wrong_methods_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
