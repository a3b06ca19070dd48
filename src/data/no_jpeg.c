/* In the place of jpeg.c where libjpeg is absent. */
#include "data/image.h"

tenka_status tenka_jpeg_decode(struct tenka_picture *p)
{
    return tenka_fail(p->err, TENKA_E_UNSUPPORTED,
                      "%s: this build cannot read JPEG pictures; build Tenka with libjpeg-turbo (Debian: libjpeg-dev)",
                      p->name);
}
