/* What convert --json prints and conversion.json holds. */
#include "convert.h"

#include <string.h>

json_t *cli_convert_ann_json(const mye_convert_ann *a)
{
    json_t *layers = json_array();
    for (int i = 0; i < a->n_layers; i++) {
        const mye_convert_activation *l = &a->layer[i];
        json_array_append_new(layers,
                              json_pack("{s:s,s:I,s:o,s:o,s:o,s:o,s:o}", "name", l->name, "neurons",
                                        (json_int_t)l->neurons, "max", cli_real(l->max), "p999",
                                        cli_real(l->p999), "p99", cli_real(l->p99), "mean",
                                        cli_real(l->mean), "zeros", cli_real(l->zeros)));
    }
    return json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:o,s:o,s:o,s:i,s:o,s:o,s:o}", "event", "ann",
                     "source", a->source, "data", a->data, "input", a->input, "samples",
                     (json_int_t)a->n, "calibrated", (json_int_t)a->calibrated, "accuracy",
                     cli_real(a->accuracy), "unfolded_accuracy", cli_real(a->unfolded_accuracy),
                     "fold_error", cli_real(a->fold_error), "folded", a->n_folded, "macs",
                     cli_real(a->macs), "energy_uj", cli_real(a->macs * MYE_PJ_MAC * 1e-6),
                     "layers", layers);
}

static json_t *reals(const double *value, int n)
{
    json_t *list = json_array();
    for (int i = 0; i < n; i++)
        json_array_append_new(list, cli_real(value[i]));
    return list;
}

static json_t *point_json(const mye_convert_point *p)
{
    return json_pack("{s:i,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "T", p->T, "accuracy",
                     cli_real(p->accuracy), "agreement", cli_real(p->agreement), "events",
                     cli_real(p->events), "negative", cli_real(p->negative), "magnitude",
                     cli_real(p->magnitude), "sop", cli_real(p->sop), "macs", cli_real(p->macs),
                     "energy_ac_uj", cli_real(p->energy_ac), "energy_mac_uj",
                     cli_real(p->energy_mac));
}

static json_t *layer_json(const mye_convert_layer *l, int n)
{
    return json_pack("{s:s,s:I,s:o,s:o,s:o,s:o,s:o,s:o}", "name", l->name, "neurons",
                     (json_int_t)l->neurons, "theta_min", cli_real(l->theta_min), "theta_max",
                     cli_real(l->theta_max), "activation", cli_real(l->activation), "error",
                     reals(l->error, n), "events", reals(l->events, n), "magnitude",
                     reals(l->magnitude, n));
}

/* Remarks, one a line, as a list. */
static json_t *notes_json(const char *notes)
{
    json_t *list = json_array();
    while (*notes) {
        const size_t n = strcspn(notes, "\n");
        if (n > 0)
            json_array_append_new(list, json_stringn(notes, n));
        notes += n + (notes[n] == '\n');
    }
    return list;
}

json_t *cli_convert_result_json(const cli_conversion *c, const cli_converted *row)
{
    const mye_convert_result *r = &row->result;
    json_t *points = json_array(), *layers = json_array();
    for (int i = 0; i < r->n_points; i++)
        json_array_append_new(points, point_json(&r->point[i]));
    for (int i = 0; i < r->n_layers; i++)
        json_array_append_new(layers, layer_json(&r->layer[i], r->n_points));
    json_t *json = json_pack(
        "{s:s,s:s,s:s,s:I,s:o,s:o,s:o,s:I,s:o,s:i,s:o,s:o,s:o,s:o}", "event", "result", "method",
        row->label, "options", mye_snn_method(row->snn), "samples", (json_int_t)r->n, "points",
        points, "curve", reals(r->curve, r->n_curve), "layers", layers, "error_samples",
        (json_int_t)r->error_images, "settles", cli_real(r->stable), "reaches", r->reaches,
        "stopped", cli_real(r->stopped), "stopped_accuracy", cli_real(r->stopped_accuracy),
        "images_per_s", cli_real(r->images_per_s), "notes", notes_json(mye_snn_notes(row->snn)));
    if (json && c->folder[0]) {
        json_object_set_new(json, "file", json_string(row->file));
        json_object_set_new(json, "file_T", json_integer(cli_convert_saved_T(c, row)));
    }
    return json;
}

json_t *cli_convert_proof_json(const cli_conversion *c)
{
    json_t *rows = json_array();
    for (int i = 0; i < c->proof.n_rows; i++) {
        const mye_verify_row *r = &c->proof.row[i];
        json_array_append_new(
            rows, json_pack("{s:i,s:I,s:I,s:I,s:I}", "T", r->T, "counts", (json_int_t)r->counts,
                            "differ", (json_int_t)r->differ, "differ_own",
                            (json_int_t)r->differ_own, "classes_own", (json_int_t)r->classes_own));
    }
    return json_pack("{s:s,s:s,s:I,s:b,s:i,s:I,s:o}", "event", "proof", "method", c->proof_method,
                     "samples", (json_int_t)c->proof.images, "exact", c->proof.is_exact,
                     "weight_bits", c->proof.weight_bits, "differ",
                     (json_int_t)cli_convert_differ(&c->proof), "steps", rows);
}

json_t *cli_convert_budget_json(const cli_conversion *c)
{
    const mye_convert_budget *b = &c->budget;
    json_t *layers = json_array();
    for (int i = 0; i < b->n_layers; i++)
        json_array_append_new(layers, json_pack("{s:s,s:o,s:o}", "name", b->layer[i].name, "levels",
                                                cli_real(b->layer[i].levels), "before",
                                                cli_real(b->layer[i].before)));
    return json_pack("{s:s,s:s,s:o,s:o,s:o,s:o,s:o}", "event", "budget", "method",
                     c->row[c->n - 1].label, "events", cli_real(b->events), "events_before",
                     cli_real(b->before), "error", cli_real(b->error), "error_before",
                     cli_real(b->error_before), "layers", layers);
}
