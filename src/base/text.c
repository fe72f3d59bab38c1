#include "base/base.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX 63 /* longer words are not typing errors of a name */

/* ---- the nearest word ---- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c; /* ASCII only */
}

static int smallest(int a, int b, int c)
{
    const int ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Insertions, deletions, substitutions and swaps of neighbours, capitals ignored. */
static int edit_distance(const char *a, size_t na, const char *b, size_t nb)
{
    int rows[3][WORD_MAX + 1];
    int *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= nb; j++)
        last[j] = (int)j;
    memset(before, 0, sizeof rows[0]);
    for (size_t i = 1; i <= na; i++) {
        row[0] = (int)i;
        for (size_t j = 1; j <= nb; j++) {
            const char x = lower(a[i - 1]), y = lower(b[j - 1]);
            row[j] = smallest(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y));
            const bool is_swap =
                i > 1 && j > 1 && x == lower(b[j - 2]) && y == lower(a[i - 2]) && x != y;
            if (is_swap && before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
        }
        int *const reused = before;
        before = last;
        last = row;
        row = reused;
    }
    return last[nb];
}

const char *mye_nearest(const char *word, const char *(*candidate)(const void *arg, size_t i),
                        const void *arg)
{
    const size_t n = strlen(word);
    if (n == 0 || n > WORD_MAX)
        return NULL;
    const char *best = NULL;
    int best_distance = n / 3 > 2 ? (int)(n / 3) + 1 : 3;
    for (size_t i = 0;; i++) {
        const char *other = candidate(arg, i);
        if (other == NULL)
            return best;
        const size_t m = strlen(other);
        if (m > WORD_MAX)
            continue;
        const int distance = edit_distance(word, n, other, m);
        /* A word that shares no letter is not near, however short both are. */
        if (distance < best_distance && (size_t)distance < (n > m ? n : m)) {
            best = other;
            best_distance = distance;
        }
    }
}

/* ---- numbers ---- */

bool mye_parse_int(const char *text, int64_t *out)
{
    const char *digits = text[0] == '-' || text[0] == '+' ? text + 1 : text;
    if (digits[0] == '\0' || strspn(digits, "0123456789") != strlen(digits))
        return false;
    errno = 0;
    const long long value = strtoll(text, NULL, 10);
    if (errno != 0)
        return false;
    *out = value;
    return true;
}

/* The host program may have set a locale with decimal commas; files must not depend on it. */
static locale_t enter_c_locale(locale_t *c)
{
    *c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return *c != (locale_t)0 ? uselocale(*c) : (locale_t)0;
}

static void leave_c_locale(locale_t c, locale_t old)
{
    if (c == (locale_t)0)
        return;
    uselocale(old);
    freelocale(c);
}

bool mye_parse_double(const char *text, double *out)
{
    const char *body = text[0] == '-' || text[0] == '+' ? text + 1 : text;
    if (strcmp(body, "inf") == 0) {
        *out = text[0] == '-' ? -HUGE_VAL : HUGE_VAL;
        return true;
    }
    /* strtod also takes blanks, hexadecimal numbers and NaN. */
    if (strspn(body, "0123456789.eE+-") != strlen(body) || strpbrk(body, "0123456789") == NULL)
        return false;
    locale_t c;
    const locale_t old = enter_c_locale(&c);
    char *end;
    const double value = strtod(text, &end);
    leave_c_locale(c, old);
    if (end == text || *end != '\0' || isinf(value))
        return false;
    *out = value;
    return true;
}

/* Power of two of a unit's name, -1 when it is none. */
static int unit_shift(const char *unit)
{
    static const char prefixes[] = "kmgtp";
    if (unit[0] == '\0' || strcmp(unit, "B") == 0)
        return 0;
    const char *found = strchr(prefixes, lower(unit[0]));
    if (found == NULL)
        return -1;
    if (unit[1] != '\0' && strcmp(unit + 1, "B") != 0 && strcmp(unit + 1, "iB") != 0)
        return -1;
    return 10 * (int)(found - prefixes + 1);
}

bool mye_parse_bytes(const char *text, int64_t *out)
{
    const size_t n = strspn(text, "0123456789.");
    char number[32];
    if (n == 0 || n >= sizeof number)
        return false;
    memcpy(number, text, n);
    number[n] = '\0';
    const char *unit = text + n;
    if (*unit == ' ')
        unit++;
    const int shift = unit_shift(unit);
    if (shift < 0)
        return false;
    int64_t whole;
    if (mye_parse_int(number, &whole)) {
        if (whole > INT64_MAX >> shift)
            return false;
        *out = whole * ((int64_t)1 << shift);
        return true;
    }
    double value;
    if (!mye_parse_double(number, &value))
        return false;
    value = round(ldexp(value, shift));
    if (value >= 0x1p63)
        return false;
    *out = (int64_t)value;
    return true;
}

bool mye_parse_bool(const char *text, bool *out)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(text, words[i]) == 0) {
            *out = i % 2 == 1;
            return true;
        }
    return false;
}

char *mye_format_bytes(uint64_t bytes, char *out, size_t size)
{
    static const char *const unit[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024) {
        snprintf(out, size, "%d B", (int)bytes);
        return out;
    }
    int i = 0;
    double value = (double)bytes / 1024;
    while (value >= 1023.995 && i < 5) { /* would print as 1024.00 */
        value /= 1024;
        i++;
    }
    /* By hand, so that the decimal point does not follow the locale. */
    const unsigned long hundredths = (unsigned long)(value * 100 + 0.5);
    snprintf(out, size, "%lu.%02lu %s", hundredths / 100, hundredths % 100, unit[i]);
    return out;
}

/* "1e+05" to "1e5", "1e-06" to "1e-6". */
static void tidy_exponent(char *text)
{
    char *e = strchr(text, 'e');
    if (e == NULL)
        return;
    char *to = e + 1, *from = e + 1;
    if (*from == '-')
        to++;
    from++;
    while (*from == '0')
        from++;
    memmove(to, from, strlen(from) + 1);
}

char *mye_format_double(double value, char *out, size_t size)
{
    if (isnan(value) || isinf(value)) {
        snprintf(out, size, "%s", isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
        return out;
    }
    char text[40];
    locale_t c;
    const locale_t old = enter_c_locale(&c);
    int digits = 0; /* after the first */
    do
        snprintf(text, sizeof text, "%.*e", digits, value);
    while (strtod(text, NULL) != value && ++digits < 17);
    const int exponent = atoi(strchr(text, 'e') + 1);
    if (exponent >= -5 && exponent < 15)
        snprintf(text, sizeof text, "%.*f", digits > exponent ? digits - exponent : 0, value);
    else
        tidy_exponent(text);
    leave_c_locale(c, old);
    snprintf(out, size, "%s", text);
    return out;
}
