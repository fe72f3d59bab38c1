/* Networks that PyTorch exported become spiking ones. */
#include "data_support.h"

#include <math.h>

#include "convert/convert.h"
#include "io/onnx.h"

enum { IMAGES = 40 };

static void write_npy(const char *path, const char *shape, const unsigned char *data, size_t bytes)
{
    char header[128];
    memset(header, ' ', sizeof header);
    memcpy(header, "\x93NUMPY\x01\x00\x76\x00", 10);
    const int n = snprintf(header + 10, 118,
                           "{'descr': '|u1', 'fortran_order': False, 'shape': %s, }", shape);
    header[10 + n] = ' ';
    header[127] = '\n';
    unsigned char *all = malloc(sizeof header + bytes);
    memcpy(all, header, sizeof header);
    memcpy(all + sizeof header, data, bytes);
    write_file(path, all, sizeof header + bytes);
    free(all);
}

/* Noise with a blob, as good as any image for a network that learned nothing. */
static void write_images(const char *dir, const char *split, int size, uint64_t seed)
{
    const size_t n = (size_t)IMAGES * (size_t)(size * size * 3);
    unsigned char *x = malloc(n), y[IMAGES];
    char name[64], shape[64];
    for (size_t i = 0; i < n; i++)
        x[i] = (unsigned char)mye_random_below(seed, MYE_STREAM_TEST, i, 256);
    for (int i = 0; i < IMAGES; i++)
        y[i] = (unsigned char)(i % 5);
    snprintf(name, sizeof name, "x_%s.npy", split);
    snprintf(shape, sizeof shape, "(%d, %d, %d, 3)", IMAGES, size, size);
    write_npy(in_dir(dir, name), shape, x, n);
    snprintf(name, sizeof name, "y_%s.npy", split);
    snprintf(shape, sizeof shape, "(%d,)", IMAGES);
    write_npy(in_dir(dir, name), shape, y, IMAGES);
    free(x);
}

typedef struct net {
    const char *name;
    int size;
    bool clips; /* has ReLU6: what is above 6 is not cut off in the spiking network */
} net;

static const net nets[] = {
    {"vgg", 16, false}, {"vgg_bn", 16, false}, {"resnet", 12, false}, {"mobile", 14, true}};

static mye_conversion *open_net(mye_context *ctx, const net *n)
{
    char path[1200];
    const char *dir = fresh_dir("convert_onnx");
    write_images(dir, "train", n->size, 1);
    write_images(dir, "test", n->size, 2);
    snprintf(path, sizeof path, "%s/tests/onnx/%s.onnx", MYELIN_SOURCE_DIR, n->name);
    mye_conversion_options o = MYE_CONVERSION_OPTIONS;
    mye_conversion *c = NULL;
    o.data = "npy:layout=nhwc";
    o.data_dir = dir;
    o.batch = 16;
    ASSERT_OK(mye_conversion_open(ctx, path, &o, NULL, &c, &err));
    return c;
}

static void exported_networks_convert(void **state)
{
    const int steps[] = {1, 32};
    const mye_measure_options o = {.steps = steps, .n_steps = 2};
    mye_context *ctx = make_context(NULL);
    (void)state;
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        mye_conversion *c = open_net(ctx, &nets[i]);
        const mye_convert_ann *a = mye_conversion_ann(c);
        mye_snn *snn = NULL;
        mye_convert_result r;
        if (!(a->fold_error < 1e-4))
            fail_msg("%s: logits differ by %g", nets[i].name, a->fold_error);
        ASSERT_OK(mye_convert(c, "aug:levels=64", &snn, &err));
        ASSERT_OK(mye_convert_measure(c, snn, &o, NULL, &r, &err));
        for (int l = 0; l < r.n_layers && !nets[i].clips; l++) {
            const mye_convert_layer *layer = &r.layer[l];
            if (!(layer->error[1] <= .02 * layer->activation + 1e-6))
                fail_msg("%s, %s: error %g at activation %g", nets[i].name, layer->name,
                         layer->error[1], layer->activation);
            assert_true(layer->error[1] <= layer->error[0]);
        }
        if (!nets[i].clips)
            assert_true(r.point[1].agreement >= .95);
        mye_convert_result_free(ctx, &r);
        mye_snn_free(snn);
        mye_conversion_free(c);
    }
    mye_context_free(ctx);
}

/* Residual sums and global averages are exact too: nothing in between adds what is not there. */
static void an_exported_resnet_is_its_quantised_ann(void **state)
{
    const int steps[] = {1, 4, 6};
    mye_context *ctx = make_context(NULL);
    mye_conversion *c = open_net(ctx, &nets[2]);
    mye_convert_proof p;
    (void)state;
    ASSERT_OK(mye_convert_verify(c, "exact:levels=8", steps, 3, 0, NULL, &p, &err));
    assert_true(p.is_exact);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(p.row[i].differ, 0);
        assert_true(p.row[i].differ_own * 1000 < p.row[i].counts);
    }
    mye_convert_proof_free(ctx, &p);
    mye_conversion_free(c);
    mye_context_free(ctx);
}

static void a_file_of_another_shape_or_without_data_is_refused(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_conversion_options o = MYE_CONVERSION_OPTIONS;
    mye_conversion *c = NULL;
    char path[1200];
    (void)state;
    const char *dir = fresh_dir("convert_onnx");
    write_images(dir, "train", 9, 1);
    write_images(dir, "test", 9, 2);
    snprintf(path, sizeof path, "%s/tests/onnx/vgg.onnx", MYELIN_SOURCE_DIR);
    ASSERT_FAILS(mye_conversion_open(ctx, path, &o, NULL, &c, &err), MYE_ERR_ARG, "name them");
    o.data = "npy:layout=nhwc";
    o.data_dir = dir;
    ASSERT_FAILS(mye_conversion_open(ctx, path, &o, NULL, &c, &err), MYE_ERR_SHAPE, "9x9");
    o.normalise = "0.5/zero";
    write_images(dir, "train", 16, 1);
    write_images(dir, "test", 16, 2);
    ASSERT_FAILS(mye_conversion_open(ctx, path, &o, NULL, &c, &err), MYE_ERR_ARG, "0.5/zero");
    o.normalise = "0.5,0.4,0.3/0.25";
    ASSERT_OK(mye_conversion_open(ctx, path, &o, NULL, &c, &err));
    assert_true(c->ann.about.mean[1] == .4f && c->ann.about.deviation[2] == .25f);
    mye_conversion_free(c);
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exported_networks_convert),
        cmocka_unit_test(an_exported_resnet_is_its_quantised_ann),
        cmocka_unit_test(a_file_of_another_shape_or_without_data_is_refused),
    };
#ifndef MYELIN_HAVE_ONNX
    puts("skipped: this build has no ONNX reader");
    return 77;
#endif
    return cmocka_run_group_tests(tests, NULL, NULL);
}
