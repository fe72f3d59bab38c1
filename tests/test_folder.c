/* Folders of pictures: decoding, squares, splits, damaged files. */
#include <math.h>

#include "data/image.h"
#include "data_support.h"

#ifdef MYELIN_HAVE_PNG
#include <png.h>
#endif
#ifdef MYELIN_HAVE_JPEG
#include <jpeglib.h>
#endif

#ifdef MYELIN_HAVE_PNG
/* A PNG of [H][W][C] bytes. */
static void write_png(const char *path, int H, int W, int C, const uint8_t *pixels)
{
    png_image png = {.version = PNG_IMAGE_VERSION,
                     .width = (png_uint_32)W,
                     .height = (png_uint_32)H,
                     .format = C == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB};

    assert_true(png_image_write_to_file(&png, path, 0, pixels, 0, NULL));
}

static void read_whole(mye_context *ctx, const char *path, void **data, size_t *bytes)
{
    ASSERT_OK(mye_file_read(ctx, path, 1 << 24, data, bytes, &err));
}

static void png_gives_back_its_pixels_in_colour_and_grey(void **state)
{
    mye_context *ctx = make_context(NULL);
    const char *path = in_dir(fresh_dir("png"), "a.png");
    static uint8_t rgb[4 * 5 * 3];
    mye_image image;
    void *data;
    size_t bytes;

    (void)state;
    for (int k = 0; k < 60; k++)
        rgb[k] = (uint8_t)(k * 37);
    write_png(path, 4, 5, 3, rgb);
    read_whole(ctx, path, &data, &bytes);
    ASSERT_OK(mye_image_decode(ctx, path, data, bytes, 3, &image, &err));
    assert_true(image.H == 4 && image.W == 5 && image.C == 3);
    assert_memory_equal(image.pixels, rgb, 60);
    mye_image_free(ctx, &image);
    ASSERT_OK(mye_image_decode(ctx, path, data, bytes, 1, &image, &err));
    for (int k = 0; k < 20; k++) {
        const double luma = 0.299 * rgb[3 * k] + 0.587 * rgb[3 * k + 1] + 0.114 * rgb[3 * k + 2];
        assert_true(fabs(image.pixels[k] - luma) < 0.51);
    }
    mye_image_free(ctx, &image);
    for (size_t n = 0; n < bytes - 12; n++) { /* the last chunk, IEND, holds nothing */
        mye_status st = mye_image_decode(ctx, path, data, n, 3, &image, NULL);
        assert_int_equal(st, MYE_ERR_FORMAT);
        assert_null(image.pixels);
    }
    mye_free(ctx, data);
    write_png(path, 4, 5, 1, rgb);
    read_whole(ctx, path, &data, &bytes);
    ASSERT_OK(mye_image_decode(ctx, path, data, bytes, 3, &image, &err));
    for (int k = 0; k < 60; k++)
        assert_int_equal(image.pixels[k], rgb[k / 3]);
    mye_image_free(ctx, &image);
    mye_free(ctx, data);
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    mye_context_free(ctx);
}

static void fill_folder(const char *dir, const char *class_name, int n)
{
    char path[1200];
    uint8_t pixels[6 * 6];

    snprintf(path, sizeof path, "%s/%s", dir, class_name);
    ASSERT_OK(mye_dir_make(path, &err));
    for (int k = 0; k < n; k++) {
        memset(pixels, 10 * k + class_name[strlen(class_name) - 1], sizeof pixels);
        snprintf(path, sizeof path, "%s/%s/p%03d.png", dir, class_name, k);
        write_png(path, 6, 6, 1, pixels);
    }
}

static void classes_are_subfolders_in_order_and_other_files_are_ignored(void **state)
{
    mye_context *ctx = make_context(NULL);
    const char *dir = fresh_dir("classes");
    mye_dataset *data = NULL;
    float pixels[36 * 3];
    int label = -1;

    (void)state;
    fill_folder(dir, "train/b", 3);
    fill_folder(dir, "train/a", 2);
    fill_folder(dir, "val/b", 1);
    write_file(in_dir(dir, "train/a/notes.txt"), "x", 1);
    write_file(in_dir(dir, "train/words.txt"), "x", 1);
    const size_t before = mye_context_live_bytes(ctx);
    for (int keep = 0; keep < 2; keep++) {
        char text[64];
        snprintf(text, sizeof text, "folder:size=6,channels=grey,keep=%d", keep);
        ASSERT_OK(mye_dataset_open(ctx, text, dir, "train", &data, &err));
        assert_int_equal(mye_dataset_bytes(data), mye_context_live_bytes(ctx) - before);
        assert_int_equal(mye_dataset_about(data)->n, 5);
        assert_string_equal(mye_dataset_about(data)->class_names[1], "b");
        for (int i = 0; i < 5; i++) {
            ASSERT_OK(mye_dataset_read(data, i, pixels, &label, &err));
            assert_int_equal(label, i >= 2);
            for (int k = 0; k < 36; k++)
                assert_true(pixels[k] ==
                            (float)((10 * (i >= 2 ? i - 2 : i) + (i >= 2 ? 'b' : 'a')) / 255.0));
        }
        mye_dataset_free(data);
    }
    ASSERT_OK(mye_dataset_open(ctx, "folder:size=6", dir, "test", &data, &err));
    assert_true(mye_dataset_about(data)->n == 1 && mye_dataset_about(data)->classes == 2);
    assert_true(mye_dataset_about(data)->mean[0] > 0.3f);
    ASSERT_OK(mye_dataset_read(data, 0, pixels, &label, &err));
    assert_int_equal(label, 1);
    mye_dataset_free(data);
    assert_int_equal(mye_context_live_bytes(ctx), before);
    mye_context_free(ctx);
}

static void without_split_folders_a_share_is_held_out_by_name(void **state)
{
    mye_context *ctx = make_context(NULL);
    const char *dir = fresh_dir("share");
    mye_dataset *train = NULL, *test = NULL;

    (void)state;
    fill_folder(dir, "x", 25);
    fill_folder(dir, "y", 25);
    ASSERT_OK(mye_dataset_open(ctx, "folder:hold_out=0.3", dir, "train", &train, &err));
    ASSERT_OK(mye_dataset_open(ctx, "folder:hold_out=0.3", dir, "test", &test, &err));
    assert_int_equal(mye_dataset_about(train)->n + mye_dataset_about(test)->n, 50);
    assert_in_range(mye_dataset_about(test)->n, 5, 25);
    assert_true(mye_dataset_about(train)->mean[0] == mye_dataset_about(test)->mean[0]);
    mye_dataset_free(train);
    mye_dataset_free(test);
    mye_context_free(ctx);
}

static void damaged_pictures_and_empty_folders_are_named(void **state)
{
    const mye_context_options threads = {.threads = 3, .kernels = "ref"};
    mye_context *ctx = NULL;
    const char *dir = fresh_dir("bad-pictures");
    mye_dataset *data = NULL;

    (void)state;
    ASSERT_OK(mye_context_create(&threads, &ctx, &err));
    ASSERT_FAILS(mye_dataset_open(ctx, "folder", dir, "train", &data, &err), MYE_ERR_FORMAT,
                 "a subfolder for each class, got 0");
    fill_folder(dir, "x", 0);
    ASSERT_FAILS(mye_dataset_open(ctx, "folder", dir, "train", &data, &err), MYE_ERR_FORMAT,
                 "no PNG or JPEG");
    fill_folder(dir, "x", 40);
    write_file(in_dir(dir, "x/p037.png"), "not a picture", 13);
    write_file(in_dir(dir, "x/p005.png"), "\x89PNG\r\n\x1a\nbroken", 14);
    ASSERT_FAILS(mye_dataset_open(ctx, "folder:hold_out=0", dir, "train", &data, &err),
                 MYE_ERR_FORMAT, "p005.png: damaged PNG");
    ASSERT_FAILS(mye_dataset_open(ctx, "folder", dir, "all", &data, &err), MYE_ERR_ARG, "'all'");
    mye_context_free(ctx);
}

static void every_failing_allocation_is_reported(void **state)
{
    const char *dir = fresh_dir("folder-memory");

    (void)state;
    fill_folder(dir, "x", 3);
    fill_folder(dir, "y", 2);
    for (long n = 1;; n++) {
        failing f = {0, 0, 0};
        mye_context *ctx = make_context(&f);
        const long blocks = f.blocks;
        mye_dataset *data = NULL;
        f.calls = 0;
        f.fail_at = n;
        const mye_status st =
            mye_dataset_open(ctx, "folder:hold_out=0,size=8", dir, "train", &data, NULL);
        mye_dataset_free(data);
        assert_int_equal(f.blocks, blocks);
        mye_context_free(ctx);
        if (f.calls < n) {
            assert_int_equal(st, MYE_OK);
            break;
        }
        /* A failure is reported, or harmless: a list of places for a message nobody needs. */
        assert_true(st == MYE_ERR_NOMEM || st == MYE_OK);
        assert_true(n < 400);
    }
}
#endif

#ifdef MYELIN_HAVE_JPEG
/* A JPEG of one colour in memory; free the result with free(). */
static unsigned char *make_jpeg(int H, int W, const uint8_t *rgb, unsigned long *bytes)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    unsigned char *out = NULL;
    uint8_t *row = malloc((size_t)W * 3);

    for (int w = 0; w < W; w++)
        memcpy(row + 3 * w, rgb, 3);
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &out, bytes);
    jpeg.image_width = (JDIMENSION)W;
    jpeg.image_height = (JDIMENSION)H;
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    for (int h = 0; h < H; h++)
        jpeg_write_scanlines(&jpeg, &row, 1);
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    free(row);
    return out;
}

static void jpeg_is_read_and_a_cut_one_is_refused(void **state)
{
    mye_context *ctx = make_context(NULL);
    const uint8_t rgb[3] = {200, 30, 90};
    unsigned long bytes = 0;
    unsigned char *data = make_jpeg(33, 47, rgb, &bytes);
    mye_image image;

    (void)state;
    ASSERT_OK(mye_image_decode(ctx, "a.jpg", data, bytes, 3, &image, &err));
    assert_true(image.H == 33 && image.W == 47);
    for (int k = 0; k < 33 * 47 * 3; k++)
        assert_in_range(image.pixels[k], rgb[k % 3] - 3, rgb[k % 3] + 3);
    mye_image_free(ctx, &image);
    for (size_t n = 0; n + 3 < bytes; n++)
        assert_int_equal(mye_image_decode(ctx, "a.jpg", data, n, 1, &image, NULL), MYE_ERR_FORMAT);
    assert_int_equal(mye_context_live_bytes(ctx), 0);
    free(data);
    mye_context_free(ctx);
}

static void tiny_imagenet_opens_as_a_folder(void **state)
{
    mye_context *ctx;
    const char *dir = shared_dir("tiny-imagenet-10");
    mye_dataset *data = NULL;

    (void)state;
    SKIP_WITHOUT(dir);
    ctx = make_context(NULL);
    ASSERT_OK(mye_dataset_open(ctx, "folder:size=32,keep=no", dir, "test", &data, &err));
    assert_int_equal(mye_dataset_about(data)->classes, 10);
    assert_int_equal(mye_dataset_about(data)->n, 500);
    assert_true(fabsf(mye_dataset_about(data)->mean[1] - 0.45f) < 0.06f);
    mye_dataset_free(data);
    mye_context_free(ctx);
}
#endif

static void a_square_of_the_same_size_is_the_middle_of_the_image(void **state)
{
    mye_context *ctx = make_context(NULL);
    uint8_t pixels[4 * 8], out[16];
    const mye_image image = {.H = 4, .W = 8, .C = 1, .pixels = pixels};

    (void)state;
    for (int k = 0; k < 32; k++)
        pixels[k] = (uint8_t)(8 * k);
    ASSERT_OK(mye_image_square(ctx, &image, 4, out, &err));
    for (int h = 0; h < 4; h++)
        for (int w = 0; w < 4; w++)
            assert_int_equal(out[4 * h + w], pixels[8 * h + w + 2]);
    mye_context_free(ctx);
}

static void a_smaller_square_averages_and_a_larger_one_interpolates(void **state)
{
    mye_context *ctx = make_context(NULL);
    static uint8_t pixels[64 * 64], out[256 * 256];
    mye_image image = {.H = 64, .W = 64, .C = 1, .pixels = pixels};

    (void)state;
    for (int k = 0; k < 64 * 64; k++)
        pixels[k] = (k / 64 + k % 64) % 2 ? 255 : 0; /* a chessboard: pure aliasing */
    ASSERT_OK(mye_image_square(ctx, &image, 8, out, &err));
    for (int k = 0; k < 64; k++)
        assert_in_range(out[k], 124, 131);
    image.H = image.W = 2;
    memcpy(pixels, "\0\200\0\200", 4); /* 0 and 128 side by side */
    ASSERT_OK(mye_image_square(ctx, &image, 4, out, &err));
    for (int h = 0; h < 4; h++)
        assert_memory_equal(out + 4 * h, "\0\040\140\200", 4);
    mye_context_free(ctx);
}

static void what_is_no_picture_is_refused(void **state)
{
    mye_context *ctx = make_context(NULL);
    mye_image image;

    (void)state;
    ASSERT_FAILS(mye_image_decode(ctx, "a.gif", "GIF89a", 6, 3, &image, &err), MYE_ERR_FORMAT,
                 "expected a PNG or JPEG");
    assert_true(mye_image_has_suffix("a.JPEG") && mye_image_has_suffix("b.png"));
    assert_false(mye_image_has_suffix(".png") || mye_image_has_suffix("png"));
    mye_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef MYELIN_HAVE_PNG
        cmocka_unit_test(png_gives_back_its_pixels_in_colour_and_grey),
        cmocka_unit_test(classes_are_subfolders_in_order_and_other_files_are_ignored),
        cmocka_unit_test(without_split_folders_a_share_is_held_out_by_name),
        cmocka_unit_test(damaged_pictures_and_empty_folders_are_named),
        cmocka_unit_test(every_failing_allocation_is_reported),
#endif
#ifdef MYELIN_HAVE_JPEG
        cmocka_unit_test(jpeg_is_read_and_a_cut_one_is_refused),
        cmocka_unit_test(tiny_imagenet_opens_as_a_folder),
#endif
        cmocka_unit_test(a_square_of_the_same_size_is_the_middle_of_the_image),
        cmocka_unit_test(a_smaller_square_averages_and_a_larger_one_interpolates),
        cmocka_unit_test(what_is_no_picture_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
