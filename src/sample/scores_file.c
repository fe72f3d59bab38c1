/* Scores from a file: see scores_file.h. */
#include "sample/scores_file.h"

#include <math.h>
#include <string.h>

#define LINE_MAX_BYTES 80 /* longer ones hold no two numbers */
#define HEAD           "sample,score"

typedef struct scores_text {
    const char *name, *at, *end;
    mye_scores_want want;
    long long line;            /* number of the last line, from 1 */
    char text[LINE_MAX_BYTES]; /* the last line                   */
} scores_text;

/* The next line without its end into r->text; false: there is none. Longer ones are cut and end with
 * "...", which is no number. */
static bool next_line(scores_text *r)
{
    if (r->at == r->end)
        return false;
    const char *stop = memchr(r->at, '\n', (size_t)(r->end - r->at));
    size_t length = (size_t)((stop != NULL ? stop : r->end) - r->at);
    const char *line = r->at;
    r->at = stop != NULL ? stop + 1 : r->end;
    r->line++;
    if (length > 0 && line[length - 1] == '\r')
        length--;
    const bool is_long = length >= LINE_MAX_BYTES;
    length = is_long ? LINE_MAX_BYTES - 4 : length;
    memcpy(r->text, line, length);
    strcpy(r->text + length, is_long ? "..." : "");
    return true;
}

static mye_status take_line(scores_text *r, int64_t n, float *score, mye_error *err)
{
    char copy[LINE_MAX_BYTES];
    int64_t sample = -1;
    double value = NAN;
    memcpy(copy, r->text, sizeof copy);
    char *comma = strchr(copy, ',');
    if (comma != NULL)
        *comma = '\0';
    const char *number = comma != NULL ? comma + 1 + (comma[1] == '-') : "";
    const bool some = r->want == MYE_SCORES_SOME,
               unknown = some && (number[0] == '\0' || strcmp(number, "nan") == 0);
    if (comma == NULL || !mye_parse_int(copy, &sample) ||
        (!unknown && (!mye_parse_double(comma + 1, &value) || !isfinite((float)value))))
        return mye_fail(err, MYE_ERR_FORMAT,
                        "'%.100s', line %lld: wants a sample's number and its finite score, "
                        "'%s', got '%s'",
                        r->name, r->line, HEAD, r->text);
    if (some && sample >= n)
        return MYE_OK;
    if (sample < 0 || sample >= n)
        return mye_fail(err, MYE_ERR_FORMAT,
                        "'%.100s', line %lld: wants a sample in [0, %lld], got %lld", r->name,
                        r->line, (long long)n - 1, (long long)sample);
    if (!isnan(score[sample]))
        return mye_fail(err, MYE_ERR_FORMAT,
                        "'%.100s', line %lld: sample %lld has a score already, %g", r->name,
                        r->line, (long long)sample, (double)score[sample]);
    score[sample] = unknown ? NAN : (float)value;
    return MYE_OK;
}

mye_status mye_scores_parse(const char *name, const char *text, size_t bytes, mye_scores_want want,
                            int64_t n, float *score, mye_error *err)
{
    scores_text r = {.name = name, .at = text, .end = text + bytes, .want = want};
    int64_t known = 0;
    for (int64_t i = 0; i < n; i++)
        score[i] = NAN;
    if (!next_line(&r) || strcmp(r.text, HEAD) != 0)
        return mye_fail(err, MYE_ERR_FORMAT, "'%.100s', line 1: wants '%s', got '%s'", name, HEAD,
                        r.text);
    for (; next_line(&r); known++)
        MYE_TRY(take_line(&r, n, score, err));
    if (want == MYE_SCORES_ALL && known != n)
        return mye_fail(err, MYE_ERR_FORMAT, "'%.100s' has the scores of %lld samples, not %lld",
                        name, (long long)known, (long long)n);
    return MYE_OK;
}

#define MAX_BYTES ((size_t)1 << 32)

mye_status mye_scores_read(mye_context *ctx, const char *path, mye_scores_want want, int64_t n,
                           float *score, mye_error *err)
{
    void *text = NULL;
    size_t bytes = 0;
    MYE_TRY(mye_file_read(ctx, path, MAX_BYTES, &text, &bytes, err));
    const mye_status status = mye_scores_parse(path, text, bytes, want, n, score, err);
    mye_free(ctx, text);
    return status;
}
