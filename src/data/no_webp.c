/* In the place of webp.c where libwebp is absent. */
#include "data/image.h"

tenka_status tenka_webp_decode(struct tenka_picture *p)
{
    return tenka_fail(p->err, TENKA_E_UNSUPPORTED,
                      "%s: this build cannot read WebP pictures; build Tenka with libwebp (Debian: libwebp-dev)",
                      p->name);
}
