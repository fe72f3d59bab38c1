/* A point of a study in words. */
#include <math.h>
#include <stdio.h>

#include "myelin/experiment.h"

enum { DIGITS_MAX = 6 };

/* Digits behind the point so that `figures` significant ones of a number are seen. */
static int digits_for(double number, int figures)
{
    const int digits = number > 0 ? figures - 1 - (int)floor(log10(number)) : 0;
    return digits < 0 ? 0 : digits < DIGITS_MAX ? digits : DIGITS_MAX;
}

/* A spread is told with two figures, and its mean as exactly; a number without spread with four. */
static int digits_of(double mean, double sd, bool percent)
{
    const int most = percent ? 2 : DIGITS_MAX;
    if (isfinite(sd) && sd > 0)
        return digits_for(sd, 2) < most ? digits_for(sd, 2) : most;
    if (percent)
        return most;
    return mean == floor(mean) ? 0 : digits_for(fabs(mean), 4);
}

char *mye_study_text(const mye_study_point *p, char *out, size_t size)
{
    const bool percent = p->unit[0] == '%';
    const double scale = percent ? 100 : 1, mean = scale * p->mean, sd = scale * p->sd;
    const char *gap = p->unit[0] ? " " : "";
    const int digits = digits_of(mean, sd, percent);
    if (!isfinite(mean))
        snprintf(out, size, "-");
    else if (isfinite(sd))
        snprintf(out, size, "%.*f ± %.*f%s%s", digits, mean, digits, sd, gap, p->unit);
    else
        snprintf(out, size, "%.*f%s%s", digits, mean, gap, p->unit);
    return out;
}
