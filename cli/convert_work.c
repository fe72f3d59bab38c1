/* The work of convert: opens the network, converts it by every method, measures, tells. */
#include "convert.h"

#include <stdlib.h>
#include <string.h>

int cli_convert_saved_T(const cli_conversion *c, const cli_converted *row)
{
    return row->result.reaches > 0 ? row->result.reaches : c->steps.T[c->steps.n - 1];
}

/* ---- the work, piece by piece ---- */

static mye_status open_ann(cli_convert_job *j, mye_error *err)
{
    static const char *const input[] = {"direct", "rate"};
    const cli_convert_options *o = &j->o;
    mye_conversion_options options = MYE_CONVERSION_OPTIONS;
    options.data = o->data;
    options.data_dir = o->data_dir;
    options.net = o->net;
    options.input = input[o->input];
    options.normalise = o->normalise;
    options.calibrate = o->calibrate;
    options.limit = o->limit;
    options.batch = (int)o->batch;
    options.seed = (uint64_t)o->seed;
    cli_progress_init(&j->progress, j->app, false);
    j->progress.about = "ANN";
    const mye_status st = mye_conversion_open(j->app->ctx, j->app->word[0], &options,
                                              &j->progress.callbacks, &j->c.opened, err);
    cli_progress_clear(&j->progress);
    if (st != MYE_OK)
        return st;
    j->c.ann = mye_conversion_ann(j->c.opened);
    if (j->app->global.json)
        cli_json(cli_convert_ann_json(j->c.ann));
    else
        cli_convert_print_ann(&j->c);
    return MYE_OK;
}

/* The remarks of a conversion, one a line. */
static void tell_notes(const cli_convert_job *j, const cli_converted *row)
{
    for (const char *notes = mye_snn_notes(row->snn); *notes;) {
        const size_t n = strcspn(notes, "\n");
        if (n > 0)
            cli_note(j->app, "%s: %.*s", row->label, (int)n, notes);
        notes += n + (notes[n] == '\n');
    }
}

/* A row with its names; takes label. */
static cli_converted *add_row(cli_convert_job *j, char *label)
{
    char name[200];
    cli_converted *row = &j->c.row[j->c.n++];
    cli_list_file(label, name, sizeof(name));
    row->label = label;
    row->file = cli_format("%s.safetensors", name);
    return row;
}

static mye_status convert_all(cli_convert_job *j, mye_error *err)
{
    for (int i = 0; i < j->methods.n; i++) {
        cli_converted *row = add_row(j, cli_format("%s", j->methods.value[i]));
        j->progress.about = row->label;
        const mye_status st = mye_convert(j->c.opened, row->label, &row->snn, err);
        cli_progress_clear(&j->progress);
        MYE_TRY(st);
        tell_notes(j, row);
    }
    return MYE_OK;
}

/* Levels for the first method whose neuron has some. */
static mye_status choose_levels(cli_convert_job *j, mye_error *err)
{
    const int T = j->c.steps.T[j->c.steps.n - 1];
    mye_status st = MYE_ERR_UNSUPPORTED;
    for (int i = 0; i < j->methods.n && st == MYE_ERR_UNSUPPORTED; i++) {
        const char *method = j->methods.value[i];
        mye_snn *snn = NULL;
        cli_progress progress;
        cli_progress_init(&progress, j->app, false);
        progress.about = method;
        st = mye_convert_levels(j->c.opened, method, j->share, T, &progress.callbacks, &j->c.budget,
                                &snn, err);
        cli_progress_clear(&progress);
        if (st != MYE_OK)
            continue;
        j->c.has_budget = true;
        cli_converted *row = add_row(j, cli_format("%s at %gx events", method, j->share));
        row->snn = snn;
        tell_notes(j, row);
    }
    if (st != MYE_ERR_UNSUPPORTED)
        return st;
    st = mye_fail(err, MYE_ERR_UNSUPPORTED,
                  "--events chooses levels, and no method of '%.100s' has any", j->o.method);
    mye_hint(err, "add aug, burst or exact to --method");
    return st;
}

static mye_status measure(cli_convert_job *j, cli_converted *row, mye_error *err)
{
    const mye_measure_options options = {.steps = j->c.steps.T,
                                         .n_steps = j->c.steps.n,
                                         .stop_stable = (int)j->o.stop_stable,
                                         .stop_confidence = j->o.stop_confidence};
    cli_progress progress;
    cli_progress_init(&progress, j->app, false);
    progress.about = row->label;
    const mye_status st = mye_convert_measure(j->c.opened, row->snn, &options, &progress.callbacks,
                                              &row->result, err);
    cli_progress_clear(&progress);
    if (st != MYE_OK)
        return st;
    row->is_measured = true;
    if (j->app->global.json)
        cli_json(cli_convert_result_json(&j->c, row));
    return MYE_OK;
}

static mye_status prove(cli_convert_job *j, mye_error *err)
{
    j->c.proof_method = "exact:levels=16,v0=0.5";
    for (int i = j->methods.n - 1; i >= 0; i--) {
        if (cli_convert_is(j->methods.value[i], "exact"))
            j->c.proof_method = j->methods.value[i];
    }
    cli_progress progress;
    cli_progress_init(&progress, j->app, false);
    progress.about = "proof";
    const mye_status st =
        mye_convert_verify(j->c.opened, j->c.proof_method, j->c.steps.T, j->c.steps.n,
                           j->o.verify_images, &progress.callbacks, &j->c.proof, err);
    cli_progress_clear(&progress);
    j->c.has_proof = st == MYE_OK;
    if (j->c.has_proof && j->app->global.json)
        cli_json(cli_convert_proof_json(&j->c));
    return st;
}

static mye_status work(cli_convert_job *j, mye_error *err)
{
    MYE_TRY(open_ann(j, err));
    if (j->o.out[0])
        MYE_TRY(cli_folder_make(j->o.out, err));
    MYE_TRY(convert_all(j, err));
    if (j->share > 0)
        MYE_TRY(choose_levels(j, err));
    for (int m = 0; m < j->c.n; m++)
        MYE_TRY(measure(j, &j->c.row[m], err));
    if (j->o.verify)
        MYE_TRY(prove(j, err));
    if (j->c.has_budget && j->app->global.json)
        cli_json(cli_convert_budget_json(&j->c));
    return MYE_OK;
}

/* What was measured, also when the rest was stopped. */
static void print(const cli_convert_job *j)
{
    const cli_conversion *c = &j->c;
    if (j->app->global.json || c->n < 1 || !c->row[0].is_measured)
        return;
    cli_convert_print_accuracy(c);
    cli_convert_print_cost(c);
    cli_convert_print_steps(c);
    cli_convert_print_errors(c);
    if (c->has_proof)
        cli_convert_print_proof(c);
    if (c->has_budget)
        cli_convert_print_budget(c);
}

int cli_convert_work(cli_convert_job *j)
{
    mye_error err = {0};
    int code = CLI_EXIT_OK;
    const mye_status st = work(j, &err);
    print(j);
    if (st != MYE_OK)
        code = cli_fail(j->app, &err);
    else if (j->o.out[0])
        code = cli_convert_folder_write(&j->c);
    if (code == CLI_EXIT_OK && j->c.has_proof && cli_convert_differ(&j->c.proof) > 0)
        code = CLI_EXIT_FAILED;
    return code;
}

void cli_convert_free(cli_convert_job *j)
{
    mye_context *ctx = j->app->ctx;
    for (int m = 0; m < j->c.n; m++) {
        cli_converted *row = &j->c.row[m];
        if (row->is_measured)
            mye_convert_result_free(ctx, &row->result);
        mye_snn_free(row->snn);
        free(row->label);
        free(row->file);
    }
    if (j->c.has_proof)
        mye_convert_proof_free(ctx, &j->c.proof);
    if (j->c.has_budget)
        mye_convert_budget_free(ctx, &j->c.budget);
    mye_conversion_free(j->c.opened);
    cli_list_free(&j->methods);
    free(j);
}
