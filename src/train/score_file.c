/* scores.csv: see score_file.h. The file may come from anywhere, so every line is checked. */
#include "train/score_file.h"

#include <math.h>
#include <string.h>

#define MAX_BYTES ((size_t)1 << 32)

enum { FIELD = 64 };

/* Copies a field that ends at `stop`; false: too long. */
static bool field(const char *from, const char *stop, char out[FIELD])
{
    const size_t n = (size_t)(stop - from);
    if (n >= FIELD)
        return false;
    memcpy(out, from, n);
    out[n] = '\0';
    return true;
}

/* "12,0.5" into its two numbers. "nan" and nothing stand for a score that is not known. */
static bool parse(const char *line, const char *end, int64_t *sample, double *score)
{
    const char *comma = memchr(line, ',', (size_t)(end - line));
    char first[FIELD], second[FIELD];
    if (comma == NULL || !field(line, comma, first) || !field(comma + 1, end, second))
        return false;
    if (!mye_parse_int(first, sample) || *sample < 0)
        return false;
    const char *number = second + (second[0] == '-');
    if (second[0] == '\0' || strcmp(number, "nan") == 0) {
        *score = (double)NAN;
        return true;
    }
    return mye_parse_double(second, score);
}

static mye_status read_lines(const char *path, const char *text, size_t bytes, int64_t n,
                             mye_sample_score *row, int64_t *n_scored, mye_error *err)
{
    static const char head[] = "sample,score";
    const char *end = text + bytes;
    for (int64_t number = 1; text < end; number++) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *next = newline ? newline + 1 : end, *stop = newline ? newline : end;
        stop -= stop > text && stop[-1] == '\r';
        int64_t sample;
        double score;
        const bool is_head =
            (size_t)(stop - text) == sizeof head - 1 && memcmp(text, head, sizeof head - 1) == 0;
        if (number == 1 ? !is_head : !parse(text, stop, &sample, &score))
            return mye_fail(err, MYE_ERR_FORMAT, "'%.200s' line %lld is '%.*s', expected %s", path,
                            (long long)number, (int)(stop - text < 40 ? stop - text : 40), text,
                            number == 1 ? "the heading 'sample,score'"
                                        : "a sample's number and its score");
        if (number > 1 && sample < n && score >= 0) {
            *n_scored += isnan(row[sample].score);
            row[sample].score = (float)score;
        }
        text = next;
    }
    return MYE_OK;
}

mye_status mye_score_file_read(mye_context *ctx, const char *path, int64_t n, mye_sample_score *row,
                               int64_t *n_scored, mye_error *err)
{
    void *text = NULL;
    size_t bytes = 0;
    *n_scored = 0;
    MYE_TRY(mye_file_read(ctx, path, MAX_BYTES, &text, &bytes, err));
    const mye_status status = read_lines(path, text, bytes, n, row, n_scored, err);
    mye_free(ctx, text);
    return status;
}
