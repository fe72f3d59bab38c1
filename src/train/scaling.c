/* How pixels are scaled before a network sees them, as a user says it. */
#include <math.h>
#include <string.h>

#include "train/trained.h"

/* Up to four numbers with commas; channels beyond the last repeat it. */
static bool read_numbers(const char *text, size_t n, float out[4])
{
    char copy[128], *rest = NULL;
    if (n >= sizeof copy)
        return false;
    memcpy(copy, text, n);
    copy[n] = '\0';
    int found = 0;
    for (char *p = strtok_r(copy, ",", &rest); p != NULL; p = strtok_r(NULL, ",", &rest)) {
        double value;
        if (found == 4 || !mye_parse_double(p, &value) || !isfinite(value))
            return false;
        out[found++] = (float)value;
    }
    for (int k = found; found > 0 && k < 4; k++)
        out[k] = out[found - 1];
    return found > 0;
}

mye_status mye_trained_scaling(mye_trained *t, const mye_dataset_info *d, const char *text,
                               mye_error *err)
{
    mye_checkpoint_input *a = &t->about;
    const char *slash = text != NULL ? strchr(text, '/') : NULL;
    if (text == NULL || text[0] == '\0')
        return MYE_OK;
    if (!t->input.type->normalised)
        return mye_fail(err, MYE_ERR_UNSUPPORTED,
                        "encoder '%s' takes pixels as they are: they cannot be scaled by '%s'",
                        t->input.method.entry->name, text);
    if (strcmp(text, "data") == 0) {
        memcpy(a->mean, d->mean, sizeof a->mean);
        memcpy(a->deviation, d->deviation, sizeof a->deviation);
        return MYE_OK;
    }
    if (strcmp(text, "none") == 0) {
        memset(a->mean, 0, sizeof a->mean);
        for (int k = 0; k < 4; k++)
            a->deviation[k] = 1;
        return MYE_OK;
    }
    bool ok = slash != NULL && read_numbers(text, (size_t)(slash - text), a->mean) &&
              read_numbers(slash + 1, strlen(slash + 1), a->deviation);
    for (int k = 0; k < 4; k++)
        ok = ok && a->deviation[k] > 0;
    return ok ? MYE_OK
              : mye_fail(err, MYE_ERR_ARG,
                         "scaling of pixels wants data, none, or MEAN/DEVIATION such as 0.5/0.25, "
                         "got '%s'",
                         text);
}
