/* JPEG through libjpeg: errors leave by longjmp, so all that must be freed lives in `job`. */
#include "data/image.h"

#ifdef MYELIN_HAVE_JPEG
#include <setjmp.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

/* A block of 8x8 takes two bits at least, and colour has fewer blocks than grey. */
#define PIXELS_PER_BYTE 2048u
/* A progressive file may repeat scans without end; real ones have about ten. */
#define SCANS_MAX 100

typedef struct job {
    struct jpeg_error_mgr errors; /* first: libjpeg hands out a pointer to it */
    struct jpeg_progress_mgr progress;
    struct jpeg_decompress_struct jpeg;
    jmp_buf escape;
    char message[JMSG_LENGTH_MAX];
    uint8_t *row; /* one row as libjpeg gives it */
} job;

static void on_error(j_common_ptr jpeg)
{
    job *j = jpeg->client_data;

    jpeg->err->format_message(jpeg, j->message);
    longjmp(j->escape, 1);
}

/* libjpeg paints over missing data and warns. A cut or damaged picture must not pass for a good one,
 * but stray bytes between markers are common in old files and harmless. */
static void on_message(j_common_ptr jpeg, int level)
{
    const int code = jpeg->err->msg_code;

    if (level < 0 && code != JWRN_EXTRANEOUS_DATA && code != JWRN_JFIF_MAJOR &&
        code != JWRN_ADOBE_XFORM)
        on_error(jpeg);
}

static void on_progress(j_common_ptr jpeg)
{
    job *j = jpeg->client_data;

    if (j->jpeg.input_scan_number <= SCANS_MAX)
        return;
    strcpy(j->message, "too many scans");
    longjmp(j->escape, 1);
}

/* Adobe writes CMYK inverted: 255 means no ink. */
static void cmyk_to_rgb(const uint8_t *cmyk, bool is_inverted, uint8_t *rgb)
{
    for (int c = 0; c < 3; c++) {
        const unsigned ink = is_inverted ? cmyk[c] : 255u - cmyk[c];
        const unsigned black = is_inverted ? cmyk[3] : 255u - cmyk[3];
        rgb[c] = (uint8_t)((ink * black + 127) / 255);
    }
}

static void convert_row(const job *j, int C, uint8_t *out)
{
    const int from = j->jpeg.output_components;
    uint8_t rgb[3];

    for (size_t w = 0; w < j->jpeg.output_width; w++) {
        const uint8_t *p = j->row + w * (size_t)from;
        if (from == 4)
            cmyk_to_rgb(p, j->jpeg.saw_Adobe_marker, rgb);
        else
            for (int c = 0; c < 3; c++)
                rgb[c] = p[from == 3 ? c : 0];
        if (C == 1)
            out[w] = from == 1 ? p[0] : mye_image_luma(rgb);
        else
            memcpy(out + 3 * w, rgb, 3);
    }
}

static mye_status decode(mye_context *ctx, const char *name, job *j, const void *data, size_t bytes,
                         int C, mye_image *out, mye_error *err)
{
    struct jpeg_decompress_struct *jpeg = &j->jpeg;

    if (setjmp(j->escape))
        return mye_fail(err, MYE_ERR_FORMAT, "%s: damaged JPEG: %s", name, j->message);
    jpeg_create_decompress(jpeg);
    jpeg->client_data = j;
    jpeg->progress = &j->progress;
    jpeg_mem_src(jpeg, data, bytes);
    jpeg_read_header(jpeg, TRUE);
    if (jpeg->num_components == 4)
        jpeg->out_color_space = JCS_CMYK;
    else if (jpeg->num_components != 1)
        jpeg->out_color_space = JCS_RGB;
    jpeg->dct_method = JDCT_ISLOW; /* the same bits on every processor */
    MYE_TRY(mye_image_reserve(ctx, name, jpeg->image_height, jpeg->image_width, C, bytes,
                              PIXELS_PER_BYTE, out, err));
    jpeg_start_decompress(jpeg);
    if (jpeg->output_components != 1 && jpeg->output_components != 3 &&
        jpeg->output_components != 4)
        return mye_fail(err, MYE_ERR_UNSUPPORTED, "%s: a JPEG with %d channels cannot be read",
                        name, jpeg->output_components);
    j->row = mye_alloc_array(ctx, jpeg->output_width, (size_t)jpeg->output_components);
    if (!j->row)
        return mye_no_memory(err, jpeg->output_width, name);
    while (jpeg->output_scanline < jpeg->output_height) {
        uint8_t *to = out->pixels + (size_t)jpeg->output_scanline * (size_t)out->W * (size_t)C;
        JSAMPROW row = j->row;
        if (jpeg_read_scanlines(jpeg, &row, 1) == 1)
            convert_row(j, C, to);
    }
    jpeg_finish_decompress(jpeg);
    return MYE_OK;
}

mye_status mye_image_jpeg(mye_context *ctx, const char *name, const void *data, size_t bytes, int C,
                          mye_image *out, mye_error *err)
{
    job *j = mye_alloc(ctx, sizeof *j);
    mye_status st;

    if (!j)
        return mye_no_memory(err, sizeof *j, name);
    j->jpeg.err = jpeg_std_error(&j->errors);
    j->jpeg.client_data = j;
    j->errors.error_exit = on_error;
    j->errors.emit_message = on_message;
    j->progress.progress_monitor = on_progress;
    st = decode(ctx, name, j, data, bytes, C, out, err);
    jpeg_destroy_decompress(&j->jpeg);
    mye_free(ctx, j->row);
    mye_free(ctx, j);
    return st;
}

#else

mye_status mye_image_jpeg(mye_context *ctx, const char *name, const void *data, size_t bytes, int C,
                          mye_image *out, mye_error *err)
{
    MYE_UNUSED(ctx);
    MYE_UNUSED(data);
    MYE_UNUSED(bytes);
    MYE_UNUSED(C);
    MYE_UNUSED(out);
    return mye_fail(err, MYE_ERR_UNSUPPORTED, "%s: this build has no JPEG support", name);
}

#endif
