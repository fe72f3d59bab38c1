/* Parts of pages that are used by more than one file of the report. */
#ifndef MYE_REPORT_PAGE_H
#define MYE_REPORT_PAGE_H

#include "report/report.h"

/* Planned bytes, NAN when not recorded. */
double mye_page_peak(const mye_record *r);
/* "Memory": a bar of its parts and a table of the nodes. */
void mye_page_plan(mye_text *out, const mye_record *r);
/* The command that repeats a run, as text of a page: keys that differ from their defaults. */
void mye_page_command(mye_text *out, const mye_record *r);

/* "Gradient": how the run's gradient compares with that of another rule; nothing where it was not
 * asked. */
void mye_page_cosine(mye_text *out, const mye_record *r);
/* The same of several runs; those of a group share a colour and a mean. */
typedef struct mye_page_line {
    const char *label;
    int group;
    const mye_record *record;
} mye_page_line;
void mye_page_cosines(mye_text *out, mye_context *ctx, const mye_page_line *line, int n,
                      int n_groups);

/* How the layers were computed in the last epoch; nothing where it was not recorded. */
void mye_page_ways(mye_text *out, const mye_record *r);

#endif
