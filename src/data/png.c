/* PNG files, through libpng. Format: https://www.w3.org/TR/png/ */
#include <png.h>
#include <setjmp.h>

#include "data/image.h"

struct reader {
    struct tenka_picture *picture;
    size_t at; /* in the file */
    png_structp png;
    png_infop info;
    png_bytep rows; /* one row, or all of an interlaced picture */
    bool no_memory, cut;
    tenka_status status;
    jmp_buf out; /* where libpng's errors lead */
};

/* ---- What libpng calls ---- */

static void on_error(png_structp png, png_const_charp text)
{
    struct reader *const r = png_get_error_ptr(png);
    const struct tenka_picture *const p = r->picture;
    if (r->no_memory)
        r->status = tenka_fail_nomem(p->err);
    else if (r->cut)
        r->status = tenka_fail(p->err, TENKA_E_FORMAT, "%s: the PNG file is cut off at byte %zu; get it again", p->name,
                               p->bytes);
    else
        r->status = tenka_fail(p->err, TENKA_E_FORMAT, "%s: the PNG file is damaged (%s)", p->name, text);
    longjmp(r->out, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static png_voidp on_alloc(png_structp png, png_alloc_size_t bytes)
{
    struct reader *const r = png_get_mem_ptr(png);
    void *const memory = tenka_alloc(bytes);
    r->no_memory = r->no_memory || memory == NULL;
    return memory;
}

static void on_free(png_structp png, png_voidp memory)
{
    (void)png;
    tenka_free(memory);
}

static void on_read(png_structp png, png_bytep out, size_t bytes)
{
    struct reader *const r = png_get_io_ptr(png);
    if (bytes > r->picture->bytes - r->at) {
        r->cut = true;
        png_error(png, "cut off");
    }
    memcpy(out, r->picture->data + r->at, bytes);
    r->at += bytes;
}

/* ---- Reading ---- */

static void make_png(struct reader *r)
{
    r->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, r, on_error, on_warning, r, on_alloc, on_free);
    r->info = r->png != NULL ? png_create_info_struct(r->png) : NULL;
    if (r->info == NULL) {
        r->status = tenka_fail_nomem(r->picture->err);
        longjmp(r->out, 1);
    }
    png_set_read_fn(r->png, r, on_read);
    /* Checked once more with the picture's own limits: what is refused there has a sentence that says the sizes. */
    png_set_user_limits(r->png, 0x7fffffff, 0x7fffffff);
    /* What is no pixels is not even unpacked: png_text.c reads what matters of it. */
    png_set_keep_unknown_chunks(r->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
}

/* Rows of 8 bits a sample arrive, without a palette, whose colours and transparent entries are put in. */
static void set_transforms(const struct reader *r)
{
    if (r->picture->params.indices) {
        png_set_packing(r->png);
        return;
    }
    png_set_expand(r->png);
    png_set_strip_16(r->png);
    if (r->picture->params.alpha == TENKA_ALPHA_IGNORE)
        png_set_strip_alpha(r->png);
}

/* Numbers of 8 bits at most, or indices of a palette. */
static tenka_status check_indices(const struct reader *r)
{
    const int type = png_get_color_type(r->png, r->info), bits = png_get_bit_depth(r->png, r->info);
    const struct tenka_picture *const p = r->picture;
    if (!p->params.indices || ((type == PNG_COLOR_TYPE_GRAY || type == PNG_COLOR_TYPE_PALETTE) && bits <= 8))
        return TENKA_OK;
    return tenka_fail(p->err, TENKA_E_FORMAT,
                      "%s: a mask has the class of each pixel as its grey value of 8 bits or its palette's index, but "
                      "this file has %s",
                      p->name,
                      type == PNG_COLOR_TYPE_GRAY         ? "16 bits"
                      : type == PNG_COLOR_TYPE_GRAY_ALPHA ? "transparency"
                                                          : "colours");
}

static void read_rows(struct reader *r, int passes)
{
    const uint32_t height = r->picture->image->height, channels = png_get_channels(r->png, r->info);
    const size_t row = png_get_rowbytes(r->png, r->info);
    /* An interlaced picture comes in passes, each of which fills in pixels of all rows. */
    const uint32_t kept = passes > 1 ? height : 1;
    r->rows = tenka_alloc_array(kept, row);
    if (r->rows == NULL) {
        r->status = tenka_fail_nomem(r->picture->err);
        longjmp(r->out, 1);
    }
    for (int pass = 0; pass < passes; pass++)
        for (uint32_t y = 0; y < height; y++) {
            png_bytep const to = r->rows + (y % kept) * row;
            png_read_row(r->png, to, NULL);
            if (pass == passes - 1)
                tenka_picture_row(r->picture, y, to, channels);
        }
}

static void read_png(struct reader *r)
{
    make_png(r);
    png_read_info(r->png, r->info);
    const bool colour = (png_get_color_type(r->png, r->info) & PNG_COLOR_MASK_COLOR) != 0;
    r->status = check_indices(r);
    if (r->status != TENKA_OK)
        return;
    r->status = tenka_picture_begin(r->picture, png_get_image_width(r->png, r->info),
                                    png_get_image_height(r->png, r->info), colour);
    if (r->status != TENKA_OK)
        return;
    if (r->picture->header) {
        r->status = tenka_png_metadata(r->picture);
        return;
    }
    set_transforms(r);
    const int passes = png_set_interlace_handling(r->png);
    png_read_update_info(r->png, r->info);
    read_rows(r, passes);
    png_read_end(r->png, NULL);
    r->status = tenka_png_metadata(r->picture);
}

/* A function of its own, so that what the reader holds is no local variable of the one that is come back to. */
static void read_or_return(struct reader *r)
{
    if (setjmp(r->out) == 0)
        read_png(r);
}

tenka_status tenka_png_decode(struct tenka_picture *p)
{
    struct reader r = {.picture = p};
    read_or_return(&r);
    png_destroy_read_struct(&r.png, &r.info, NULL);
    tenka_free(r.rows);
    return r.status;
}
