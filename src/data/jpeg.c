/* JPEG files, through libjpeg-turbo. Format: ITU-T T.81; EXIF 2.3, 4.7 (where its data lies) */
#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>
#include <jerror.h>

#include "data/image.h"

/* A progressive picture comes in scans, each of which goes over all of it. A small file may hold many scans of a large
 * picture; honest ones have ten or so. */
#define MAX_SCANS 500
#define MAX_SCANNED_PIXELS (UINT64_C(1) << 32)

struct reader {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    struct tenka_picture *picture;
    uint8_t *row, *exif;
    tenka_status status;
    jmp_buf out; /* where libjpeg's errors lead */
};

/* ---- What libjpeg calls ---- */

static void on_error(j_common_ptr jpeg)
{
    struct reader *const r = jpeg->client_data;
    const struct tenka_picture *const p = r->picture;
    const int code = jpeg->err->msg_code;
    char text[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, text);
    if (code == JERR_OUT_OF_MEMORY)
        r->status = tenka_fail_nomem(p->err);
    else if (code == JERR_BAD_PRECISION || code == JERR_SOF_UNSUPPORTED)
        r->status = tenka_fail(p->err, TENKA_E_FORMAT,
                               "%s: it is a JPEG of a kind that cannot be read (%s); convert it first", p->name, text);
    else
        r->status = tenka_fail(p->err, TENKA_E_FORMAT, "%s: the JPEG file is damaged (%s)", p->name, text);
    longjmp(r->out, 1);
}

/* Warnings: the rest of a file that is cut off would become grey. What else is damaged is left to the eye, as
 * elsewhere. */
static void on_message(j_common_ptr jpeg, int level)
{
    struct reader *const r = jpeg->client_data;
    if (level >= 0 || jpeg->err->msg_code != JWRN_JPEG_EOF)
        return;
    r->status = tenka_fail(r->picture->err, TENKA_E_FORMAT, "%s: the JPEG file is cut off at byte %zu; get it again",
                           r->picture->name, r->picture->bytes);
    longjmp(r->out, 1);
}

static void on_progress(j_common_ptr jpeg)
{
    struct reader *const r = jpeg->client_data;
    const uint64_t scans = (uint64_t)r->jpeg.input_scan_number;
    const uint64_t pixels = (uint64_t)r->jpeg.image_width * r->jpeg.image_height;
    if (scans <= MAX_SCANS && scans * pixels <= MAX_SCANNED_PIXELS)
        return;
    r->status = tenka_fail(r->picture->err, TENKA_E_FORMAT, "%s: the JPEG file has more scans than any honest one",
                           r->picture->name);
    longjmp(r->out, 1);
}

/* ---- Reading ---- */

static void make_jpeg(struct reader *r)
{
    r->jpeg.err = jpeg_std_error(&r->errors);
    r->errors.error_exit = on_error;
    r->errors.emit_message = on_message;
    r->jpeg.client_data = r;
    jpeg_create_decompress(&r->jpeg);
    r->progress.progress_monitor = on_progress;
    r->jpeg.progress = &r->progress;
    jpeg_mem_src(&r->jpeg, r->picture->data, r->picture->bytes);
    jpeg_save_markers(&r->jpeg, JPEG_APP0 + 1, 0xffff);
}

/* Whether a segment is of the kind that begins with the mark. */
static bool has_mark(jpeg_saved_marker_ptr segment, const char *mark, size_t bytes)
{
    return segment->data_length >= bytes && memcmp(segment->data, mark, bytes) == 0;
}

/* EXIF data that one segment cannot hold goes on in the next of its kind. */
static void read_exif(struct reader *r)
{
    size_t bytes = 0, segments = 0;
    for (jpeg_saved_marker_ptr m = r->jpeg.marker_list; m != NULL; m = m->next)
        if (has_mark(m, TENKA_EXIF_MARK, TENKA_EXIF_MARK_BYTES)) {
            bytes += m->data_length - TENKA_EXIF_MARK_BYTES;
            segments++;
        }
    if (segments == 0)
        return;
    uint8_t *at = r->exif = tenka_alloc(bytes + 1);
    if (at == NULL) {
        r->status = tenka_fail_nomem(r->picture->err);
        longjmp(r->out, 1);
    }
    for (jpeg_saved_marker_ptr m = r->jpeg.marker_list; m != NULL; m = m->next)
        if (has_mark(m, TENKA_EXIF_MARK, TENKA_EXIF_MARK_BYTES)) {
            memcpy(at, m->data + TENKA_EXIF_MARK_BYTES, m->data_length - TENKA_EXIF_MARK_BYTES);
            at += m->data_length - TENKA_EXIF_MARK_BYTES;
        }
    tenka_picture_exif(r->picture, r->exif, bytes);
}

static void read_xmp(struct reader *r)
{
    static const char mark[] = "http://ns.adobe.com/xap/1.0/"; /* and the zero at its end */
    for (jpeg_saved_marker_ptr m = r->jpeg.marker_list; m != NULL; m = m->next)
        if (has_mark(m, mark, sizeof(mark)))
            tenka_picture_xmp(r->picture, m->data + sizeof(mark), m->data_length - sizeof(mark));
}

/* 255 - (c + k - c k / 255), from the complements that Adobe's programs, and so all others, write; as Pillow. */
static void cmyk_to_rgb(uint8_t *row, size_t width)
{
    uint8_t *out = row;
    for (size_t x = 0; x < width; x++, row += 4, out += 3)
        for (size_t c = 0; c < 3; c++)
            out[c] = (uint8_t)(row[3] - tenka_image_over_255((255u - row[c]) * row[3]));
}

/* The rows from output_scanline on, up to an end, of pixels from left on. */
static void read_rows(struct reader *r, uint32_t left, uint32_t end)
{
    const uint32_t components = (uint32_t)r->jpeg.output_components, width = r->jpeg.output_width;
    r->row = tenka_alloc_array(width, components);
    if (r->row == NULL) {
        r->status = tenka_fail_nomem(r->picture->err);
        return;
    }
    while (r->jpeg.output_scanline < end) {
        const uint32_t y = r->jpeg.output_scanline;
        JSAMPROW row = r->row;
        jpeg_read_scanlines(&r->jpeg, &row, 1);
        if (components == 4)
            cmyk_to_rgb(row, width);
        tenka_picture_pixels(r->picture, left, y, width, row, components == 4 ? 3 : components);
    }
}

#if defined(LIBJPEG_TURBO_VERSION_NUMBER) && LIBJPEG_TURBO_VERSION_NUMBER >= 2001000
/* At the edges of what is decoded libjpeg spreads colours as at those of a picture; so far from them it does not. */
#define MARGIN 4u

/* What is above and below is read as far as it must be, and what is beside is not transformed. */
static void read_part(struct reader *r, const struct tenka_part *part)
{
    const uint32_t right = part->left + part->width, all = r->jpeg.output_width;
    JDIMENSION left = part->left > MARGIN ? part->left - MARGIN : 0;
    JDIMENSION width = (right + MARGIN < all ? right + MARGIN : all) - left;
    jpeg_crop_scanline(&r->jpeg, &left, &width);
    jpeg_skip_scanlines(&r->jpeg, part->top);
    read_rows(r, left, part->top + part->height);
}
#else
static void read_part(struct reader *r, const struct tenka_part *part)
{
    (void)part;
    read_rows(r, 0, r->jpeg.output_height);
}
#endif

/* Of a progressive picture some of whose scans are missing, blocks are smoothed by those around them. */
static bool is_smoothed(const struct jpeg_decompress_struct *jpeg)
{
    for (int c = 0; c < jpeg->num_components && jpeg->coef_bits != NULL; c++)
        for (int i = 0; i < DCTSIZE2; i++)
            if (jpeg->coef_bits[c][i] != 0)
                return true;
    return false;
}

static bool fits(const struct reader *r, const struct tenka_part *part)
{
    return part->width > 0 && part->height > 0 && part->left <= r->jpeg.output_width &&
           part->width <= r->jpeg.output_width - part->left && part->top <= r->jpeg.output_height &&
           part->height <= r->jpeg.output_height - part->top;
}

static void read_jpeg(struct reader *r)
{
    make_jpeg(r);
    jpeg_read_header(&r->jpeg, TRUE);
    const bool grey = r->jpeg.jpeg_color_space == JCS_GRAYSCALE;
    const bool inks = r->jpeg.jpeg_color_space == JCS_CMYK || r->jpeg.jpeg_color_space == JCS_YCCK;
    r->status = tenka_picture_begin(r->picture, r->jpeg.image_width, r->jpeg.image_height, !grey);
    if (r->status != TENKA_OK)
        return;
    read_exif(r);
    read_xmp(r);
    if (r->picture->header)
        return;
    r->jpeg.out_color_space = grey ? JCS_GRAYSCALE : inks ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(&r->jpeg);
    if (r->picture->part != NULL && fits(r, r->picture->part) && !is_smoothed(&r->jpeg) &&
        tenka_picture_orientation(r->picture) == 1)
        read_part(r, r->picture->part);
    else
        read_rows(r, 0, r->jpeg.output_height);
}

/* A function of its own, so that what the reader holds is no local variable of the one that is come back to. */
static void read_or_return(struct reader *r)
{
    if (setjmp(r->out) == 0)
        read_jpeg(r);
}

tenka_status tenka_jpeg_decode(struct tenka_picture *p)
{
    struct reader r = {.picture = p};
    read_or_return(&r);
    jpeg_destroy_decompress(&r.jpeg);
    tenka_free(r.row);
    tenka_free(r.exif);
    return r.status;
}
