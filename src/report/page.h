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

/* Is the sample policy plain `all` (or not recorded)? */
bool mye_page_takes_all(const mye_record *r);
/* "Samples": what the policy chose, epoch by epoch; nothing where all samples are taken. */
void mye_page_samples(mye_text *out, const mye_record *r);
/* "Samples" of several runs: accuracy over the share of samples that was learned from. */
void mye_page_visited(mye_text *out, mye_context *ctx, const mye_page_line *line, int n,
                      int n_groups);
/* Samples learned from, as a share of (samples times configured epochs); NAN: not recorded. */
double mye_page_share(const mye_record *r);

#endif
