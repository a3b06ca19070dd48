/* WebP files, through libwebp; of an animation the first picture. Format: RFC 9649. */
#include <webp/decode.h>
#include <webp/demux.h>

#include "data/image.h"

static tenka_status fail_cut(const struct tenka_picture *p)
{
    return tenka_fail(p->err, TENKA_E_FORMAT, "%s: the WebP file is cut off at byte %zu; get it again", p->name,
                      p->bytes);
}

static tenka_status fail_damaged(const struct tenka_picture *p)
{
    return tenka_fail(p->err, TENKA_E_FORMAT, "%s: the WebP file is damaged; get it again", p->name);
}

static tenka_status check(const struct tenka_picture *p, VP8StatusCode status)
{
    if (status == VP8_STATUS_OK)
        return TENKA_OK;
    if (status == VP8_STATUS_OUT_OF_MEMORY)
        return tenka_fail_nomem(p->err);
    return status == VP8_STATUS_NOT_ENOUGH_DATA || status == VP8_STATUS_SUSPENDED ? fail_cut(p) : fail_damaged(p);
}

static void read_metadata(struct tenka_picture *p, const WebPDemuxer *file)
{
    WebPChunkIterator chunk;
    if (WebPDemuxGetChunk(file, "EXIF", 1, &chunk))
        tenka_picture_exif(p, chunk.chunk.bytes, chunk.chunk.size);
    WebPDemuxReleaseChunkIterator(&chunk);
    if (WebPDemuxGetChunk(file, "XMP ", 1, &chunk))
        tenka_picture_xmp(p, chunk.chunk.bytes, chunk.chunk.size);
    WebPDemuxReleaseChunkIterator(&chunk);
}

/* What lies around a picture that is smaller than the animation stays zero: black and transparent. */
static tenka_status read_frame(struct tenka_picture *p, const WebPIterator *frame, uint32_t channels, uint8_t *canvas)
{
    const size_t stride = (size_t)p->width * channels;
    const size_t begin = (size_t)frame->y_offset * stride + (size_t)frame->x_offset * channels;
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config))
        return tenka_fail(p->err, TENKA_E_UNSUPPORTED, "%s: libwebp is of another version than when Tenka was built",
                          p->name);
    config.output.colorspace = channels == 4 ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = canvas + begin;
    config.output.u.RGBA.stride = (int)stride;
    config.output.u.RGBA.size = stride * p->height - begin;
    const VP8StatusCode status = WebPDecode(frame->fragment.bytes, frame->fragment.size, &config);
    WebPFreeDecBuffer(&config.output);
    return check(p, status);
}

static tenka_status read_rows(struct tenka_picture *p, const WebPIterator *frame, bool alpha)
{
    const uint32_t channels = alpha && p->params.alpha != TENKA_ALPHA_IGNORE ? 4 : 3;
    uint8_t *const canvas = tenka_alloc_array((size_t)p->width * p->height, channels);
    if (canvas == NULL)
        return tenka_fail_nomem(p->err);
    const tenka_status status = read_frame(p, frame, channels, canvas);
    for (uint32_t y = 0; y < p->height && status == TENKA_OK; y++)
        tenka_picture_row(p, y, canvas + (size_t)y * p->width * channels, channels);
    tenka_free(canvas);
    return status;
}

static tenka_status read_file(struct tenka_picture *p, const WebPDemuxer *file)
{
    WebPIterator frame;
    TENKA_TRY(tenka_picture_begin(p, WebPDemuxGetI(file, WEBP_FF_CANVAS_WIDTH),
                                  WebPDemuxGetI(file, WEBP_FF_CANVAS_HEIGHT), true));
    read_metadata(p, file);
    if (p->header)
        return TENKA_OK;
    const bool alpha = (WebPDemuxGetI(file, WEBP_FF_FORMAT_FLAGS) & ALPHA_FLAG) != 0;
    tenka_status status = fail_damaged(p);
    if (WebPDemuxGetFrame(file, 1, &frame) && (uint32_t)frame.x_offset < p->width &&
        (uint32_t)frame.y_offset < p->height)
        status = read_rows(p, &frame, alpha);
    WebPDemuxReleaseIterator(&frame);
    return status;
}

tenka_status tenka_webp_decode(struct tenka_picture *p)
{
    WebPDemuxState state;
    WebPDemuxer *const file = WebPDemuxPartial(&(WebPData){p->data, p->bytes}, &state);
    const tenka_status status = state == WEBP_DEMUX_PARSE_ERROR           ? fail_damaged(p)
                                : file == NULL || state < WEBP_DEMUX_DONE ? fail_cut(p)
                                                                          : read_file(p, file);
    WebPDemuxDelete(file);
    return status;
}
