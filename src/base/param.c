/*
 * One parameter: text to a struct's field and back.
 */
#include "base/param.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static void *field_of(const mye_param *p, void *options)
{
    return (unsigned char *)options + p->offset;
}

static const void *const_field_of(const mye_param *p, const void *options)
{
    return (const unsigned char *)options + p->offset;
}

static bool has_range(const mye_param *p)
{
    return p->min != 0 || p->max != 0;
}

static bool in_range(const mye_param *p, double value)
{
    return has_range(p) ? value >= p->min && value <= p->max : isfinite(value);
}

/* "time.tau wants a number in [1, inf], got '0.5'" */
static mye_status wants(const mye_where *at, const mye_param *p, const char *what,
                        const char *value, mye_error *err)
{
    char key[MYE_KEY_MAX], low[40], high[40];
    mye_where_text(at, key, sizeof key);
    if (p->type != MYE_PARAM_BOOL && has_range(p))
        return mye_fail(err, MYE_ERR_ARG, "%s wants %s in [%s, %s], got '%.100s'", key, what,
                        mye_format_double(p->min, low, sizeof low),
                        mye_format_double(p->max, high, sizeof high), value);
    return mye_fail(err, MYE_ERR_ARG, "%s wants %s, got '%.100s'", key, what, value);
}

static mye_status set_bool(const mye_where *at, const mye_param *p, bool *field, const char *value,
                           mye_error *err)
{
    if (!mye_parse_bool(value, field))
        return wants(at, p, "true or false", value, err);
    return MYE_OK;
}

static mye_status set_int(const mye_where *at, const mye_param *p, int64_t *field,
                          const char *value, mye_error *err)
{
    int64_t number;
    if (!mye_parse_int(value, &number) || !in_range(p, (double)number))
        return wants(at, p, "a whole number", value, err);
    *field = number;
    return MYE_OK;
}

static mye_status set_float(const mye_where *at, const mye_param *p, double *field,
                            const char *value, mye_error *err)
{
    double number;
    if (!mye_parse_double(value, &number) || !in_range(p, number))
        return wants(at, p, "a number", value, err);
    *field = number;
    return MYE_OK;
}

static mye_status set_bytes(const mye_where *at, const mye_param *p, int64_t *field,
                            const char *value, mye_error *err)
{
    int64_t number;
    if (!mye_parse_bytes(value, &number) || !in_range(p, (double)number))
        return wants(at, p, "a size such as 512M", value, err);
    *field = number;
    return MYE_OK;
}

/* The i-th of "a|b|c"; NULL after the last. */
static const char *choice_at(const char *choices, int i, size_t *length)
{
    while (i-- > 0) {
        choices = strchr(choices, '|');
        if (choices == NULL)
            return NULL;
        choices++;
    }
    *length = strcspn(choices, "|");
    return choices;
}

/* The candidates of a hint need their NULs. */
typedef struct words {
    char text[256];
    const char *word[33];
} words;

static const char *word_at(const void *arg, size_t i)
{
    const words *w = arg;
    return w->word[i];
}

static void hint_choice(const char *choices, const char *value, mye_error *err)
{
    words w = {{0}, {NULL}};
    snprintf(w.text, sizeof w.text, "%s", choices);
    size_t n = 0;
    for (char *word = w.text; word != NULL && n < 32; n++) {
        w.word[n] = word;
        word = strchr(word, '|');
        if (word != NULL)
            *word++ = '\0';
    }
    const char *near = mye_nearest(value, word_at, &w);
    if (near != NULL)
        mye_hint(err, "did you mean '%s'?", near);
}

static mye_status set_choice(const mye_where *at, const mye_param *p, int *field, const char *value,
                             mye_error *err)
{
    const size_t n = strlen(value);
    size_t length;
    const char *choice;
    for (int i = 0; (choice = choice_at(p->choices, i, &length)) != NULL; i++)
        if (n == length && memcmp(choice, value, n) == 0) {
            *field = i;
            return MYE_OK;
        }
    char key[MYE_KEY_MAX];
    mye_fail(err, MYE_ERR_ARG, "%s wants one of %s, got '%.100s'",
             mye_where_text(at, key, sizeof key), p->choices, value);
    hint_choice(p->choices, value, err);
    return MYE_ERR_ARG;
}

/* `value` may be the field itself. The rest of the field is zeroed: equal options, equal bytes. */
static mye_status set_text(const mye_where *at, const mye_param *p, char *field, const char *value,
                           mye_error *err)
{
    const size_t n = strlen(value);
    char key[MYE_KEY_MAX];
    if (n >= p->size)
        return mye_fail(err, MYE_ERR_ARG, "%s wants at most %zu bytes, got %zu ('%.40s...')",
                        mye_where_text(at, key, sizeof key), p->size - 1, n, value);
    memmove(field, value, n);
    memset(field + n, 0, p->size - n);
    return MYE_OK;
}

/* Writes a method's canonical text into its field. */
mye_status mye_param_store(const mye_where *at, const mye_param *p, const mye_method *m,
                           void *options, mye_error *err)
{
    char key[MYE_KEY_MAX];
    char *text = mye_alloc(NULL, p->size);
    if (text == NULL)
        return mye_no_memory(err, p->size, "a method's text");
    mye_status status = mye_method_text(m, false, text, p->size, err);
    if (status == MYE_OK)
        status = set_text(at, p, field_of(p, options), text, err);
    else if (status == MYE_ERR_ARG && err != NULL) {
        const mye_error inner = *err;
        mye_fail(err, status, "%s: %s", mye_where_text(at, key, sizeof key), inner.message);
    }
    mye_free(NULL, text);
    return status;
}

static mye_status set_method(const mye_where *at, const mye_param *p, void *options,
                             const char *value, mye_error *err)
{
    /* Where the default is "none at all", that may also be said. */
    if (value[0] == '\0' && p->def[0] == '\0')
        return set_text(at, p, field_of(p, options), value, err);
    mye_method m;
    MYE_TRY(mye_method_parse_at(NULL, at, p->kind, value, &m, err));
    const mye_status status = mye_param_store(at, p, &m, options, err);
    mye_method_free(NULL, &m);
    return status;
}

mye_status mye_param_set(const mye_where *at, const mye_param *p, void *options, const char *value,
                         mye_error *err)
{
    void *field = field_of(p, options);
    switch (p->type) {
    case MYE_PARAM_BOOL:
        return set_bool(at, p, field, value, err);
    case MYE_PARAM_INT:
        return set_int(at, p, field, value, err);
    case MYE_PARAM_FLOAT:
        return set_float(at, p, field, value, err);
    case MYE_PARAM_BYTES:
        return set_bytes(at, p, field, value, err);
    case MYE_PARAM_CHOICE:
        return set_choice(at, p, field, value, err);
    case MYE_PARAM_TEXT:
        return set_text(at, p, field, value, err);
    case MYE_PARAM_METHOD:
        return set_method(at, p, options, value, err);
    }
    return mye_fail(err, MYE_ERR_STATE, "parameter '%s' has the unknown type %d", p->name,
                    (int)p->type);
}

/* The largest unit that divides the value: 536870912 is "512M". */
static void bytes_text(int64_t value, char *out, size_t size)
{
    static const char unit[] = "KMGTP";
    int i = 0;
    while (i < 5 && value != 0 && value % 1024 == 0) {
        value /= 1024;
        i++;
    }
    if (i == 0)
        snprintf(out, size, "%lld", (long long)value);
    else
        snprintf(out, size, "%lld%c", (long long)value, unit[i - 1]);
}

size_t mye_param_text(const mye_param *p, const void *options, char *buffer, const char **out)
{
    const size_t size = 64;
    const void *field = const_field_of(p, options);
    size_t length;
    *out = buffer;
    switch (p->type) {
    case MYE_PARAM_BOOL:
        *out = *(const bool *)field ? "true" : "false";
        break;
    case MYE_PARAM_INT:
        snprintf(buffer, size, "%lld", (long long)*(const int64_t *)field);
        break;
    case MYE_PARAM_FLOAT:
        mye_format_double(*(const double *)field, buffer, size);
        break;
    case MYE_PARAM_BYTES:
        bytes_text(*(const int64_t *)field, buffer, size);
        break;
    case MYE_PARAM_CHOICE:
        length = 0;
        *out = choice_at(p->choices, *(const int *)field, &length);
        assert(*out != NULL);
        return length;
    case MYE_PARAM_TEXT:
    case MYE_PARAM_METHOD:
        *out = field;
        return strnlen(field, p->size);
    }
    return strlen(*out);
}

bool mye_param_equal(const mye_param *p, const void *a, const void *b)
{
    char buffer_a[64], buffer_b[64];
    const char *text_a, *text_b;
    const size_t n = mye_param_text(p, a, buffer_a, &text_a);
    return n == mye_param_text(p, b, buffer_b, &text_b) && memcmp(text_a, text_b, n) == 0;
}
